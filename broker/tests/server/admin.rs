//! The admin port.

use broker::{Broker, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::rig::{client, create};

#[tokio::test(flavor = "multi_thread")]
async fn the_admin_port_tells_health_and_counts() {
    let folder = tempfile::tempdir().unwrap();
    let mut settings = Settings::loopback(folder.path(), 0);
    settings.admin_listen = Some("127.0.0.1:0".parse().unwrap());
    let broker = Broker::start(settings).await.unwrap();
    let connection = client(&broker).await;
    assert_eq!(create(&connection, "a", 1, &[]).await, 0);

    let admin = broker.admin_address().unwrap();
    let get = async |path: &str| {
        let mut stream = TcpStream::connect(admin).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        page
    };
    assert!(get("/livez").await.starts_with("HTTP/1.1 200"));
    assert!(get("/readyz").await.starts_with("HTTP/1.1 200"));
    let metrics = get("/metrics").await;
    for line in [
        "eddyline_broker_requests_total{api=\"CreateTopics\"} 1",
        "eddyline_broker_connections 1",
        "eddyline_broker_topics 1",
        "eddyline_broker_log_batches_total 2",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line} is not in {metrics}");
    }
    broker.stop().await.unwrap();
    assert!(
        TcpStream::connect(admin).await.is_err(),
        "the admin port ends with its broker"
    );
}
