//! The first answer of a broker: when it speaks Kafka. It must not know which broker it is.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use ::tests::wait;
use wire::messages::api_versions;
use wire::{Reader, ResponseHeader};

/// Between two tries: short against the milliseconds that are measured, long against the time a try takes.
const BREATH: Duration = Duration::from_micros(200);
const ANSWER_LIMIT: Duration = Duration::from_secs(10);
/// No answer asked for here is longer.
const MAX_ANSWER_BYTES: usize = 1 << 20;

/// Waits until the broker on `port` answers ApiVersions.
pub(crate) fn first_answer(
    port: u16,
    limit: Duration,
    mut ended: impl FnMut() -> bool,
) -> Result<()> {
    let begun = Instant::now();
    loop {
        let Err(refused) = connect(port) else {
            return Ok(());
        };
        if ended() {
            bail!("it ended before it answered");
        }
        if begun.elapsed() > limit {
            bail!("no answer within {limit:?}: {refused}");
        }
        wait::pass(BREATH);
    }
}

/// A connection on which ApiVersions was answered.
pub(crate) fn connect(port: u16) -> Result<TcpStream> {
    let mut socket = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(ANSWER_LIMIT))?;
    let request = api_versions::Request::default();
    let frame = wire::frame::request(0, Some("bench"), &request, 0)?;
    socket.write_all(&frame.bytes)?;
    let mut answer = Vec::new();
    read_frame(&mut socket, &mut answer, MAX_ANSWER_BYTES)?;
    let mut reader = Reader::new(&answer);
    ResponseHeader::decode(&mut reader, wire::ApiKey::ApiVersions, 0)?;
    let answer: api_versions::Response<'_> = wire::Message::decode(&mut reader, 0)?;
    ensure!(
        answer.error_code == 0,
        "ApiVersions: error {}",
        answer.error_code
    );
    Ok(socket)
}

/// Reads one frame into `buffer`; its length is bounded before anything is made room for.
pub(crate) fn read_frame(
    socket: &mut TcpStream,
    buffer: &mut Vec<u8>,
    max_bytes: usize,
) -> Result<()> {
    let mut len = [0; 4];
    socket.read_exact(&mut len)?;
    let len = usize::try_from(u32::from_be_bytes(len))?;
    ensure!(len <= max_bytes, "a frame of {len} bytes");
    buffer.resize(len, 0);
    Ok(socket.read_exact(buffer)?)
}
