//! Files: whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::NamedTempFile;

/// What temporary names begin with.
const PREFIX: &str = ".levyscape-";

/// Writes a file under a temporary name in its folder, then renames it: a reader sees the old file or
/// the whole new one.
///
/// # Errors
/// What the file system says.
pub fn write_atomically(path: &Path, contents: &[u8]) -> io::Result<()> {
    let mut file = temporary_beside(path)?;
    file.write_all(contents)?;
    persist(file, path)
}

/// A temporary file in the folder of `path`.
///
/// # Errors
/// What the file system says.
pub fn temporary_beside(path: &Path) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(PREFIX).tempfile_in(path.parent().unwrap_or(Path::new(".")))
}

/// Removes what a killed program has left of temporary files in a folder.
///
/// # Errors
/// What the file system says.
pub fn remove_temporaries(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) && entry.file_type()?.is_file() {
            remove_if_there(&entry.path())?;
        }
    }
    Ok(())
}

/// Gives a temporary file its name, readable by whoever may read new files here.
///
/// # Errors
/// What the file system says.
pub fn persist(file: NamedTempFile, path: &Path) -> io::Result<()> {
    // Temporary files are private to their owner; results are not.
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.as_file().set_permissions(fs::Permissions::from_mode(0o644))?;
    }
    file.persist(path)?;
    Ok(())
}

/// Removes a file that may not be there.
///
/// # Errors
/// What the file system says, other than that there is no such file.
pub fn remove_if_there(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
