//! Apache Kafka from its published artifacts: fetched once into the cache folder, broker and controller in one node, with the
//! heap that was asked for and the other options of its start script.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use ::tests::paths;

/// The release, as in `tests/bench/kafka/pom.xml`.
pub(crate) const VERSION: &str = "4.3.1";
const CLUSTER_ID: &str = "MkU3OEVBNTcwNTJENDM2Qg";
/// What `bin/kafka-server-start.sh` and `bin/kafka-run-class.sh` give the virtual machine, but for the heap.
const JVM: &[&str] = &[
    "-Xms1G",
    "-Xmx1G",
    "-server",
    "-XX:+UseG1GC",
    "-XX:MaxGCPauseMillis=20",
    "-XX:InitiatingHeapOccupancyPercent=35",
    "-XX:+ExplicitGCInvokesConcurrent",
    "-XX:MaxInlineLevel=15",
    "-Djava.awt.headless=true",
    "-Dcom.sun.management.jmxremote",
    "-Dcom.sun.management.jmxremote.authenticate=false",
    "-Dcom.sun.management.jmxremote.ssl=false",
];

/// The command that starts a node in `folder`, formatting the folder when it is fresh. `sync`: each batch is synced
/// before it is answered.
pub(super) fn command(folder: &Path, port: u16, controller: u16, sync: bool) -> Result<Command> {
    let classes = format!("{}/*", libraries()?.display());
    let data = folder.join("data");
    let settings = folder.join("server.properties");
    std::fs::write(&settings, properties(&data, port, controller, sync))?;
    if !data.exists() {
        format_folder(&classes, &settings)?;
    }
    let mut java = Command::new("java");
    java.args(JVM)
        .arg(format!("-Dkafka.logs.dir={}", folder.display()))
        .args(["-cp", &classes, "kafka.Kafka"])
        .arg(settings);
    Ok(java)
}

/// The virtual machine's options, for the report.
pub(crate) fn options() -> String {
    JVM.join(" ")
}

/// The node's settings: those of `config/server.properties`, on free ports.
fn properties(data: &Path, port: u16, controller: u16, sync: bool) -> String {
    let mut text = format!(
        "process.roles=broker,controller\n\
         node.id=1\n\
         controller.quorum.bootstrap.servers=127.0.0.1:{controller}\n\
         listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}\n\
         inter.broker.listener.name=PLAINTEXT\n\
         controller.listener.names=CONTROLLER\n\
         num.network.threads=3\n\
         num.io.threads=8\n\
         socket.send.buffer.bytes=102400\n\
         socket.receive.buffer.bytes=102400\n\
         log.dirs={}\n\
         offsets.topic.replication.factor=1\n\
         transaction.state.log.replication.factor=1\n\
         transaction.state.log.min.isr=1\n\
         share.coordinator.state.topic.replication.factor=1\n\
         share.coordinator.state.topic.min.isr=1\n",
        data.display()
    );
    if sync {
        text.push_str("log.flush.interval.messages=1\n");
    }
    text
}

fn format_folder(classes: &str, settings: &Path) -> Result<()> {
    let output = Command::new("java")
        .args(["-cp", classes, "kafka.tools.StorageTool", "format"])
        .args(["--standalone", "-t", CLUSTER_ID, "-c"])
        .arg(settings)
        .output()
        .context("start java")?;
    ensure!(
        output.status.success(),
        "format Kafka's folder: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The folder of Kafka's libraries; Maven fills it the first time.
pub(crate) fn libraries() -> Result<PathBuf> {
    let out = paths::cache().join(format!("kafka-{VERSION}"));
    let libraries = out.join("libraries");
    if libraries
        .join(format!("kafka_2.13-{VERSION}.jar"))
        .is_file()
    {
        return Ok(libraries);
    }
    let output = Command::new("mvn")
        .args(["-q", "-B", "process-classes"])
        .arg(format!("-Dout={}", out.display()))
        .current_dir(paths::root().join("tests/bench/kafka"))
        .output()
        .context("start mvn (apt-get install maven openjdk-17-jdk-headless)")?;
    ensure!(
        output.status.success(),
        "fetch Apache Kafka: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(libraries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_syncing_node_flushes_each_message() {
        let text = |sync| properties(Path::new("/srv/k"), 1, 2, sync);
        assert!(text(true).contains("\nlog.flush.interval.messages=1\n"));
        assert!(!text(false).contains("flush"));
        assert!(text(false).contains("\nlog.dirs=/srv/k\n"));
    }

    #[test]
    fn the_version_is_the_poms() {
        let pom = std::fs::read_to_string(paths::root().join("tests/bench/kafka/pom.xml")).unwrap();
        let version = format!("<version>{VERSION}</version>");
        assert_eq!(pom.matches(&version).count(), 2);
    }
}
