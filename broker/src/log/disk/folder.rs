//! A real folder, by calls that Linux and macOS share. (`fdatasync` on Linux; the standard library turns it into a full
//! flush of the drive on macOS.)

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, IoSlice, Seek, SeekFrom, Write},
    os::{fd::BorrowedFd, unix::fs::FileExt},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use super::{Disk, DiskFile, Space, platform, platform::Direct};

const LOCK: &str = "lock";

/// A folder of the file system.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    /// Held for as long as the folder is open; the system frees it when the process ends, however it ends.
    lock: OnceLock<File>,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            lock: OnceLock::new(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }
}

impl Disk for Folder {
    fn lock(&self) -> io::Result<()> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.path(LOCK))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        self.lock
            .set(file)
            .map_err(|_| io::ErrorKind::WouldBlock.into())
    }

    fn create_dir(&self, dir: &str) -> io::Result<()> {
        fs::create_dir_all(self.path(dir))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(true);
        Ok(Arc::new(FolderFile::new(options.open(self.path(name))?)))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(self.path(name))?;
        Ok(Arc::new(FolderFile::new(file)))
    }

    fn list(&self, dir: &str) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.path(dir))? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn remove_dir(&self, dir: &str) -> io::Result<()> {
        fs::remove_dir(self.path(dir))
    }

    fn sync_dir(&self, dir: &str) -> io::Result<()> {
        File::open(self.path(dir))?.sync_all()
    }

    fn space(&self) -> io::Result<Space> {
        let volume = rustix::fs::statvfs(&self.root)?;
        Ok(Space {
            free_bytes: volume.f_bavail.saturating_mul(volume.f_frsize),
            total_bytes: volume.f_blocks.saturating_mul(volume.f_frsize),
        })
    }
}

#[derive(Debug)]
struct FolderFile {
    file: File,
    /// Empty where writes past the page cache cannot be done; asked for by the first of them.
    direct: OnceLock<Mutex<Option<Direct>>>,
}

impl FolderFile {
    fn new(file: File) -> Self {
        Self {
            file,
            direct: OnceLock::new(),
        }
    }

    /// Whether the blocks were written past the page cache.
    fn write_direct(&self, position: u64, slices: &[IoSlice<'_>]) -> io::Result<bool> {
        let direct = self
            .direct
            .get_or_init(|| Mutex::new(Direct::of(&self.file)));
        let mut direct = direct.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(open) = direct.as_mut() else {
            return Ok(false);
        };
        match open.write(position, slices) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                *direct = None;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}

impl DiskFile for FolderFile {
    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.file.metadata()?.len())
    }

    fn read_exact_at(&self, position: u64, buffer: &mut [u8]) -> io::Result<()> {
        self.file.read_exact_at(buffer, position)
    }

    fn write_all_at(&self, position: u64, mut slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        // A seek and a vectored write: macOS has no positioned vectored write. Reads are positioned and files have one
        // writer, so nobody else moves the cursor.
        let mut file = &self.file;
        file.seek(SeekFrom::Start(position))?;
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match file.write_vectored(slices) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn write_blocks_at(&self, position: u64, slices: &mut [IoSlice<'_>]) -> io::Result<()> {
        if self.write_direct(position, slices)? {
            return Ok(());
        }
        self.write_all_at(position, slices)
    }

    fn resize(&self, size_bytes: u64) -> io::Result<()> {
        self.file.set_len(size_bytes)
    }

    fn begin_writing(&self, position: u64, count: u64) {
        platform::advise_unneeded(&self.file, position, count);
    }

    fn forget_cached(&self) {
        platform::advise_unneeded(&self.file, 0, 0);
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    fn warm(&self, position: u64, count: usize) -> io::Result<bool> {
        platform::warm(&self.file, position, count)
    }

    fn send(
        &self,
        socket: BorrowedFd<'_>,
        position: u64,
        count: usize,
    ) -> Option<io::Result<usize>> {
        platform::send(&self.file, socket, position, count)
    }
}
