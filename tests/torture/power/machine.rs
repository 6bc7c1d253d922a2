//! The virtual machine: its kernel and first program (`guest/build`), its disk, and QEMU.

use std::path::PathBuf;
use std::process::Command;

use tests::paths;
use tests::random::Random;

use super::cache::{self, Lost};
use crate::child;
use crate::folder::Folder;

const QEMU: &str = "qemu-system-x86_64";
const DISK_BYTES: u64 = 512 << 20;
const MEMORY_MIB: &str = "512";

/// A machine that is on while its command runs.
#[derive(Debug)]
pub(super) struct Machine {
    folder: Folder,
    /// `host:port` on this machine that leads to the broker in the guest.
    pub(super) address: String,
    /// What the cuts so far cost.
    pub(super) lost: Lost,
}

impl Machine {
    /// Makes one with an empty disk, or says why that cannot be.
    pub(super) fn make() -> Result<Self, String> {
        let lacks = |why: &str| Err(format!("{why} (apt-get install qemu-system-x86 e2fsprogs)"));
        if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
            return Err("the guest is an x86-64 Linux".to_owned());
        }
        if Command::new(QEMU).arg("--version").output().is_err() {
            return lacks("there is no qemu-system-x86_64");
        }
        let folder = Folder::new();
        let guest = paths::root().join("tests/torture/guest/build");
        let built = Command::new(guest)
            .arg(paths::eddyline())
            .arg(paths::cache().join("guest"))
            .arg(folder.path())
            .output();
        match built {
            Ok(output) if output.status.success() => {}
            Ok(output) => return Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => return Err(format!("build the guest: {error}")),
        }
        let machine = Self {
            folder,
            address: child::free_address(),
            lost: Lost::default(),
        };
        let disk = std::fs::File::create(machine.file("disk")).unwrap();
        disk.set_len(DISK_BYTES).unwrap();
        let mut format = Command::new("mkfs.ext4");
        // Tables are written now, not by the guest in the background.
        format.args(["-q", "-b", "4096", "-E"]);
        format.arg("lazy_itable_init=0,lazy_journal_init=0");
        match format.arg(machine.file("disk")).status() {
            Ok(status) if status.success() => Ok(machine),
            _ => lacks("mkfs.ext4 does not work"),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Switches it on, with a copy of the disk that this life writes to.
    pub(super) fn command(&self) -> Command {
        let copied = Command::new("cp")
            .arg("--sparse=always")
            .args([self.file("disk"), self.file("written")])
            .status();
        assert!(copied.unwrap().success(), "copy the disk");
        std::fs::write(self.file("log"), []).unwrap();
        let (name, host) = (|name| self.file(name).display().to_string(), &self.address);
        let port = host.rsplit(':').next().unwrap_or_default();
        // On a busy machine emulated timers come late, which a kernel would take for a broken board.
        let boot = format!(
            "console=ttyS0 quiet panic=-1 no_timer_check random.trust_cpu=on eddyline.advertise={host}"
        );
        let network = format!("user,id=network,restrict=on,hostfwd=tcp:127.0.0.1:{port}-:9092");
        let disk = format!("driver=file,node-name=written,filename={}", name("written"));
        let log = format!("driver=file,node-name=log,filename={}", name("log"));
        let logged = "driver=blklogwrites,node-name=disk,file=written,log=log,log-sector-size=512";
        let mut command = child::bound(QEMU);
        command.args([
            "-nodefaults",
            "-no-reboot",
            "-display",
            "none",
            "-monitor",
            "none",
        ]);
        command.args([
            "-serial", "stdio", "-accel", "tcg", "-cpu", "max", "-smp", "1",
        ]);
        command.args(["-m", MEMORY_MIB, "-append", &boot, "-netdev", &network]);
        command.args(["-kernel", &name("kernel"), "-initrd", &name("initrd")]);
        command.args(["-blockdev", &disk, "-blockdev", &log, "-blockdev", logged]);
        command.args([
            "-device",
            "virtio-blk-pci,drive=disk,write-cache=on,physical_block_size=4096",
        ]);
        command.args(["-device", "virtio-net-pci,netdev=network,romfile="]);
        command
    }

    /// What the disk is after the power was cut.
    pub(super) fn cut(&mut self, random: &mut Random) {
        let log = std::fs::read(self.file("log")).unwrap();
        let disk = std::fs::OpenOptions::new()
            .write(true)
            .open(self.file("disk"));
        self.lost
            .add(cache::replay(&log, &disk.unwrap(), random).unwrap());
    }
}
