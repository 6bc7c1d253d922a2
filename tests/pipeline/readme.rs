//! The README against the program: every `sh` command in it is run, the screen it shows is the one that comes, its YAML is the
//! file it names, and its tables say what the code says.
//!
//! A command that needs nothing special is run as it stands, so that a new one is tested by being written down. What runs until
//! Ctrl-C stands in [`SERVERS`]; what needs another maker's tool in [`TOOLS`]; `make` is asked what it
//! would do, for a test must not build. What speaks to a Kubernetes is run by the end-to-end suite.

mod commands;
mod page;
mod tables;

use std::path::Path;

use commands::Desk;
use tests::paths;

/// Commands that run until Ctrl-C. The first is the one that all others are run beside.
const SERVERS: &[&str] = &[
    "eddyline up -f examples/quickstart.yaml",
    "eddyline up -f examples/ride-join.yaml",
    "eddyline up -f examples/quickstart.yaml -f examples/thousand-orders.yaml",
    "eddyline up -f examples/quickstart.yaml --containers",
    "eddyline broker --listen localhost:9092",
];

/// Programs of other makers: without them their commands are left out, unless the tier that has them is required.
const TOOLS: &[&str] = &["kcat", "curl"];

#[test]
fn every_command_does_what_the_page_says() {
    let commands = page::commands();
    for server in SERVERS {
        assert!(
            commands.iter().any(|command| command == server),
            "the README has no {server:?} any more: take it off SERVERS"
        );
    }
    let desk = Desk::set_up(SERVERS[0]);
    for command in &commands {
        if let Some(target) = command.strip_prefix("make ") {
            commands::make(&["-n", target]);
        } else if command.starts_with("export PATH=") {
            the_path_has_what_make_builds(&desk, command);
        } else if SERVERS.contains(&command.as_str()) {
            if command != SERVERS[0] {
                desk.serve(command);
            }
        } else if page::needs_kubernetes(command) {
            println!("for the end-to-end suite: {command}");
        } else if let Some(tool) = missing_tool(command) {
            println!("left out, for {tool} is missing: {command}");
        } else {
            desk.run(command);
        }
    }
    desk.close();
}

#[test]
fn the_screen_is_the_one_that_comes() {
    let desk = Desk::set_up(SERVERS[0]);
    let shown = page::block("text", "✔ broker");
    assert_eq!(words(&desk.screen()), words(&shown));
    desk.close();
}

/// The lines with their spaces made one: columns move with the length of a port.
fn words(lines: &str) -> Vec<String> {
    let spaced = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    lines.lines().map(spaced).collect()
}

#[test]
fn the_yaml_is_the_example() {
    let path = paths::root().join("examples/quickstart.yaml");
    let example = std::fs::read_to_string(path).unwrap();
    let code: Vec<_> = example
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let shown = page::block("yaml", "kind: Cluster");
    assert_eq!(shown.lines().collect::<Vec<_>>(), code);
}

/// The folder that the page puts on the path is the one `make` builds into.
fn the_path_has_what_make_builds(desk: &Desk, command: &str) {
    let path = desk.run(&format!("cd '{}'; {command}; echo \"$PATH\"", root()));
    let first = path.trim().split(':').next().unwrap_or_default();
    let plan = commands::make(&["-n", "up", "CARGO_TARGET_DIR="]);
    let built = Path::new(first).join("eddyline");
    let built = built.strip_prefix(root()).unwrap_or(&built);
    let expected = format!("{} up -f examples/quickstart.yaml", built.display());
    assert!(plan.contains(&expected), "no {expected:?} in:\n{plan}");
}

fn root() -> String {
    paths::root().to_string_lossy().into_owned()
}

/// The tool that a command needs and this machine lacks.
fn missing_tool(command: &str) -> Option<&'static str> {
    let needs = |tool: &&&str| command.split([' ', '|']).any(|word| word == **tool);
    let tool = TOOLS.iter().find(needs)?;
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join(tool).is_file()) {
        return None;
    }
    let required = std::env::var_os("EDDYLINE_REQUIRE").unwrap_or_default();
    let required = required.to_string_lossy();
    assert!(
        !required.split(',').any(|tier| tier == "clients"),
        "{tool} is required and missing: {command}"
    );
    Some(tool)
}
