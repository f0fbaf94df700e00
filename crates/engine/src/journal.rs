//! What a run has drawn so far, on disk: a run that was killed reads it back and goes on.
//!
//! A journal is a folder with two files. `journal.bin` is appended to only: a header that names the run,
//! then frames, each a number of consecutive records of one [`Unit`] of the run (a record is the end of a
//! path, or the row of a replica, as 64-bit words) with a checksum. `committed.json`, written under
//! another name and renamed, says how many bytes of it count; what lies beyond was being written when
//! the run ended and is cut off.
//!
//! Units come in an order that the scenario decides, and records in the order of their numbers, so that
//! going on is reading the journal as if it were being simulated. Reading several journals one after the other joins
//! the shards of a run.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::error::EngineError;

/// A part of a run whose records are numbered on their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unit {
    /// Index of the sweep point.
    pub point: u32,
    /// Index of the task.
    pub task: u32,
    /// Index of the task's start.
    pub start: u32,
    /// What of it: the level of a multilevel estimator, a pilot, or 0.
    pub stage: u32,
}

const HEADER: &[u8; 16] = b"levyscape run 1\n";
const MAGIC: u32 = 0x6d72_664c;
/// Magic, unit, width and count, number of the first record.
const FRAME_HEADER: usize = 7 * 4 + 8;
/// Records of a frame, at the most.
const FRAME: usize = 1024;
const DATA: &str = "journal.bin";
const COMMITTED: &str = "committed.json";

/// Reads back what is there, then lets the rest be simulated and writes it down.
pub struct Journal {
    readers: Vec<Reader>,
    writer: Option<Writer>,
    /// This shard and the number of shards.
    shard: [u64; 2],
}

impl Journal {
    /// Begins a journal in the folder, which must exist; a journal that is there is written over.
    ///
    /// `identity` stands for the scenario and the version: a journal can only go on under the same.
    ///
    /// # Errors
    /// [`EngineError::Journal`] when the files cannot be written.
    pub fn begin(
        folder: &Path,
        identity: &str,
        shard: [u64; 2],
        interval: Duration,
    ) -> Result<Self, EngineError> {
        let path = folder.join(DATA);
        let fault = at(&path);
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.as_mut().map_err(|error| fault(error))?.try_clone().map_err(|error| fault(&error))?;
        lock(&file, &path)?;
        file.set_len(0).map_err(|error| fault(&error))?;
        let mut writer = Writer::new(file, folder, interval);
        writer.write(HEADER)?;
        writer.write(&crc32fast::hash(identity.as_bytes()).to_le_bytes())?;
        writer.commit()?;
        Ok(Self { readers: Vec::new(), writer: Some(writer), shard })
    }

    /// Goes on with the journal of the folder.
    ///
    /// # Errors
    /// [`EngineError::Journal`] for a journal that is damaged, of another run, in use, or cannot be read.
    pub fn go_on(
        folder: &Path,
        identity: &str,
        shard: [u64; 2],
        interval: Duration,
    ) -> Result<Self, EngineError> {
        let path = folder.join(DATA);
        let fault = at(&path);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(|error| fault(&error))?;
        lock(&file, &path)?;
        Reader::open(folder, identity)?.check()?;
        let reader = Reader::open(folder, identity)?;
        file.set_len(reader.length).map_err(|error| fault(&error))?;
        let mut writer = Writer::new(file, folder, interval);
        writer.written = reader.length;
        writer.file.seek(SeekFrom::Start(reader.length)).map_err(|error| fault(&error))?;
        Ok(Self { readers: vec![reader], writer: Some(writer), shard })
    }

    /// Makes sure that no other program is writing the journal of the folder, if there is one.
    ///
    /// # Errors
    /// [`EngineError::Journal`] if one is.
    pub fn check_unused(folder: &Path) -> Result<(), EngineError> {
        let path = folder.join(DATA);
        File::open(&path).map_or(Ok(()), |file| lock(&file, &path))
    }

    /// Joins the journals of all shards of a run, in their order.
    ///
    /// # Errors
    /// As for [`Journal::go_on`].
    pub fn join(folders: &[PathBuf], identity: &str) -> Result<Self, EngineError> {
        let mut readers = Vec::new();
        for folder in folders {
            Reader::open(folder, identity)?.check()?;
            readers.push(Reader::open(folder, identity)?);
        }
        Ok(Self { readers, writer: None, shard: [0, 1] })
    }

    /// The records of a unit with numbers in `range` (in a shard: the shard's part of it), each `width` words,
    /// in order: first those in the journal, then those that `produce` simulates, until `consume` breaks off.
    ///
    /// # Errors
    /// What `produce` says; [`EngineError::Journal`] for a journal that cannot be read or written, that has
    /// other records than these, or lacks some while nothing may be simulated.
    pub fn records(
        &mut self,
        unit: Unit,
        range: Range<u64>,
        width: usize,
        mut consume: impl FnMut(u64, &[u64]) -> ControlFlow<()> + Send,
        produce: impl FnOnce(
            Range<u64>,
            &mut (dyn FnMut(u64, &[u64]) -> ControlFlow<()> + Send),
        ) -> Result<(), EngineError>,
    ) -> Result<(), EngineError> {
        let [shard, shards] = self.shard;
        let length = range.end - range.start;
        let part = |k: u64| range.start + (u128::from(length) * u128::from(k) / u128::from(shards)) as u64;
        let range = part(shard)..part(shard + 1);
        let mut next = range.start;
        let mut exhausted = true;
        for reader in &mut self.readers {
            while next < range.end {
                let Some(frame) = reader.frame(unit)? else { break };
                let beyond = frame.words.len() as u64 / frame.width.max(1) as u64 > range.end - next;
                if frame.width != width || frame.first != next || beyond {
                    return Err(reader.misfit());
                }
                for words in frame.words.chunks_exact(width) {
                    let broken = consume(next, words).is_break();
                    next += 1;
                    if broken {
                        return Ok(());
                    }
                }
            }
            exhausted &= reader.is_exhausted();
        }
        if next >= range.end {
            return Ok(());
        }
        let Some(writer) = self.writer.as_mut().filter(|_| exhausted) else {
            return Err(self.readers.last().map_or(EngineError::Interrupted, Reader::misfit));
        };
        self.readers.clear();
        let mut failed = None;
        let outcome = produce(next..range.end, &mut |number, words: &[u64]| {
            if let Err(error) = writer.append(unit, number, words) {
                failed = Some(error);
                return ControlFlow::Break(());
            }
            consume(number, words)
        });
        // The records of the next call are another piece, whatever their unit.
        writer.close()?;
        match failed {
            Some(error) => Err(error),
            None => outcome,
        }
    }

    /// Makes everything so far safe from a kill.
    ///
    /// # Errors
    /// [`EngineError::Journal`] when it cannot be written.
    pub fn commit(&mut self) -> Result<(), EngineError> {
        self.writer.as_mut().map_or(Ok(()), Writer::commit)
    }
}

fn at(path: &Path) -> impl Fn(&io::Error) -> EngineError {
    move |error| EngineError::Journal { path: path.to_owned(), reason: error.to_string() }
}

/// Two programs must not write the same journal. Where files cannot be locked, that is not checked.
fn lock(file: &File, path: &Path) -> Result<(), EngineError> {
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => Err(EngineError::Journal {
            path: path.to_owned(),
            reason: "another program is writing it".to_owned(),
        }),
        _ => Ok(()),
    }
}

struct Writer {
    file: File,
    folder: PathBuf,
    /// Bytes in the file.
    written: u64,
    interval: Duration,
    last: Instant,
    frame: Option<(Unit, u64, usize)>,
    words: Vec<u64>,
}

impl Writer {
    fn new(file: File, folder: &Path, interval: Duration) -> Self {
        Self {
            file,
            folder: folder.to_owned(),
            written: 0,
            interval,
            last: Instant::now(),
            frame: None,
            words: Vec::new(),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), EngineError> {
        let path = self.folder.join(DATA);
        self.file.write_all(bytes).map_err(|error| at(&path)(&error))?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    fn append(&mut self, unit: Unit, number: u64, words: &[u64]) -> Result<(), EngineError> {
        let fits = self.frame.is_some_and(|(of, first, width)| {
            of == unit && width == words.len() && first + (self.words.len() / width) as u64 == number
        });
        if !fits || self.words.len() >= FRAME * words.len() {
            self.close()?;
            self.frame = Some((unit, number, words.len()));
        }
        self.words.extend_from_slice(words);
        if self.last.elapsed() >= self.interval {
            self.commit()?;
        }
        Ok(())
    }

    /// Writes the frame that is being filled.
    fn close(&mut self) -> Result<(), EngineError> {
        let Some((unit, first, width)) = self.frame.take() else { return Ok(()) };
        let mut bytes = Vec::with_capacity(FRAME_HEADER + 8 * self.words.len() + 4);
        let count = self.words.len() / width;
        for word in [MAGIC, unit.point, unit.task, unit.start, unit.stage, width as u32, count as u32] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&first.to_le_bytes());
        for word in &self.words {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        self.words.clear();
        self.write(&bytes)
    }

    fn commit(&mut self) -> Result<(), EngineError> {
        self.close()?;
        let path = self.folder.join(COMMITTED);
        let fault = at(&path);
        self.file.sync_data().map_err(|error| fault(&error))?;
        let new = self.folder.join("committed.new");
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(format!("{{ \"bytes\": {} }}\n", self.written).as_bytes())?;
            file.sync_data()?;
            fs::rename(&new, &path)
        };
        write().map_err(|error| fault(&error))?;
        self.last = Instant::now();
        Ok(())
    }
}

struct Frame {
    first: u64,
    width: usize,
    words: Vec<u64>,
}

struct Reader {
    path: PathBuf,
    input: BufReader<File>,
    /// Bytes that count.
    length: u64,
    position: u64,
}

impl Reader {
    fn open(folder: &Path, identity: &str) -> Result<Self, EngineError> {
        let committed = folder.join(COMMITTED);
        let text = fs::read_to_string(&committed).map_err(|error| at(&committed)(&error))?;
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let length = digits.parse().map_err(|_| EngineError::Journal {
            path: committed,
            reason: "it does not say how many bytes count".to_owned(),
        })?;
        let path = folder.join(DATA);
        let file = File::open(&path).map_err(|error| at(&path)(&error))?;
        let there = file.metadata().map_err(|error| at(&path)(&error))?.len();
        let mut reader = Self { path, input: BufReader::with_capacity(1 << 16, file), length, position: 0 };
        if there < length {
            return Err(reader.damaged(&format!("it has {there} bytes and should have {length}")));
        }
        let mut header = [0; HEADER.len()];
        let mut hash = [0; 4];
        reader.read(&mut header)?;
        reader.read(&mut hash)?;
        if header != *HEADER {
            return Err(reader.damaged("it does not begin like one"));
        }
        if u32::from_le_bytes(hash) != crc32fast::hash(identity.as_bytes()) {
            return Err(EngineError::Journal {
                path: reader.path,
                reason: "it belongs to another scenario, or another version of the program".to_owned(),
            });
        }
        Ok(reader)
    }

    fn damaged(&self, why: &str) -> EngineError {
        EngineError::Journal { path: self.path.clone(), reason: format!("it is damaged: {why}") }
    }

    fn misfit(&self) -> EngineError {
        EngineError::Journal {
            path: self.path.clone(),
            reason: format!("its records up to byte {} are not those of this run", self.position),
        }
    }

    fn read(&mut self, bytes: &mut [u8]) -> Result<(), EngineError> {
        self.input.read_exact(bytes).map_err(|error| at(&self.path)(&error))?;
        self.position += bytes.len() as u64;
        Ok(())
    }

    fn is_exhausted(&self) -> bool {
        self.position >= self.length
    }

    /// Reads through to the end.
    fn check(mut self) -> Result<(), EngineError> {
        while let Some((unit, _)) = self.header()? {
            self.frame(unit)?;
        }
        Ok(())
    }

    /// The header of the next frame, which stays unread.
    fn header(&mut self) -> Result<Option<(Unit, [u8; FRAME_HEADER])>, EngineError> {
        if self.is_exhausted() {
            return Ok(None);
        }
        let mut header = [0; FRAME_HEADER];
        self.read(&mut header)?;
        self.position -= FRAME_HEADER as u64;
        self.input.seek_relative(-(FRAME_HEADER as i64)).map_err(|error| at(&self.path)(&error))?;
        if number(&header, 0) != MAGIC {
            return Err(self.damaged(&format!("no record begins at byte {}", self.position)));
        }
        let [point, task, start, stage] = [1, 2, 3, 4].map(|k| number(&header, k));
        Ok(Some((Unit { point, task, start, stage }, header)))
    }

    /// The next frame, if it is one of this unit.
    fn frame(&mut self, wanted: Unit) -> Result<Option<Frame>, EngineError> {
        let Some((unit, header)) = self.header()? else { return Ok(None) };
        if unit != wanted {
            return Ok(None);
        }
        let (width, count) = (number(&header, 5) as usize, number(&header, 6) as usize);
        let size = 8 * width * count;
        let begun = self.position;
        let total = (FRAME_HEADER + size + 4) as u64;
        if width == 0 || count > FRAME || begun + total > self.length {
            return Err(self.damaged(&format!("the record at byte {begun} is longer than the file")));
        }
        let mut bytes = vec![0; FRAME_HEADER + size];
        let mut hash = [0; 4];
        self.read(&mut bytes)?;
        self.read(&mut hash)?;
        if crc32fast::hash(&bytes) != u32::from_le_bytes(hash) {
            return Err(self.damaged(&format!("the checksum of the record at byte {begun} is wrong")));
        }
        let word = |bytes: &[u8]| {
            let mut word = [0; 8];
            word.copy_from_slice(bytes);
            u64::from_le_bytes(word)
        };
        let first = word(&bytes[28..FRAME_HEADER]);
        let words = bytes[FRAME_HEADER..].chunks_exact(8).map(word).collect();
        Ok(Some(Frame { first, width, words }))
    }
}

/// The `k`-th 32-bit number of a header.
fn number(header: &[u8; FRAME_HEADER], k: usize) -> u32 {
    let mut bytes = [0; 4];
    bytes.copy_from_slice(&header[4 * k..4 * k + 4]);
    u32::from_le_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const UNITS: [Unit; 2] =
        [Unit { point: 0, task: 0, start: 0, stage: 0 }, Unit { point: 0, task: 1, start: 0, stage: 3 }];
    const NEVER: Duration = Duration::from_secs(3600);

    fn value(unit: Unit, number: u64) -> [u64; 2] {
        [u64::from(unit.task) << 32 | number, number * number]
    }

    /// Runs both units to `end` records each; `stop` breaks the simulation off at a record of the second.
    fn run(journal: &mut Journal, end: u64, stop: Option<u64>) -> (Vec<u64>, u64) {
        let mut seen = Vec::new();
        let mut simulated = 0;
        for unit in UNITS {
            let result = journal.records(
                unit,
                0..end,
                2,
                |number, words| {
                    assert_eq!(words, value(unit, number));
                    seen.push(words[0]);
                    ControlFlow::Continue(())
                },
                |range, emit| {
                    for number in range {
                        if unit == UNITS[1] && stop.is_some_and(|stop| number >= stop) {
                            return Err(EngineError::Interrupted);
                        }
                        simulated += 1;
                        let _ = emit(number, &value(unit, number));
                    }
                    Ok(())
                },
            );
            assert!(result.is_ok() || stop.is_some(), "{result:?}");
        }
        (seen, simulated)
    }

    #[test]
    fn a_run_goes_on_where_its_journal_ends() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let (whole, _) = {
            let other = tempfile::tempdir().unwrap();
            run(&mut Journal::begin(other.path(), "a", [0, 1], NEVER).unwrap(), 5000, None)
        };
        let mut journal = Journal::begin(folder, "a", [0, 1], NEVER).unwrap();
        run(&mut journal, 5000, Some(2000));
        assert!(Journal::go_on(folder, "a", [0, 1], NEVER).is_err(), "it is locked");
        assert!(Journal::check_unused(folder).is_err());
        journal.commit().unwrap();
        drop(journal);
        assert!(Journal::check_unused(folder).is_ok());
        // What a kill leaves behind the committed part does not count.
        let data = folder.join(DATA);
        let mut bytes = fs::read(&data).unwrap();
        bytes.extend([7; 100]);
        fs::write(&data, &bytes).unwrap();
        let mut journal = Journal::go_on(folder, "a", [0, 1], NEVER).unwrap();
        let (seen, simulated) = run(&mut journal, 5000, None);
        assert_eq!(seen, whole);
        assert_eq!(simulated, 3000);
        journal.commit().unwrap();
        drop(journal);
        let (seen, simulated) = run(&mut Journal::go_on(folder, "a", [0, 1], NEVER).unwrap(), 5000, None);
        assert_eq!((seen, simulated), (whole, 0));
        assert!(Journal::go_on(folder, "b", [0, 1], NEVER).is_err(), "another scenario");
    }

    #[test]
    fn shards_join_to_the_whole() {
        let folders: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
        let mut total = 0;
        for (k, folder) in folders.iter().enumerate() {
            let mut journal = Journal::begin(folder.path(), "a", [k as u64, 3], NEVER).unwrap();
            total += run(&mut journal, 5000, None).1;
            journal.commit().unwrap();
        }
        assert_eq!(total, 10_000);
        let mut paths: Vec<_> = folders.iter().map(|folder| folder.path().to_owned()).collect();
        let (seen, simulated) = run(&mut Journal::join(&paths, "a").unwrap(), 5000, None);
        assert_eq!((seen.len(), simulated), (10_000, 0));
        // A shard is missing: nothing is made up.
        paths.remove(1);
        let mut journal = Journal::join(&paths, "a").unwrap();
        let nothing = |_: Range<u64>, _: &mut (dyn FnMut(u64, &[u64]) -> ControlFlow<()> + Send)| Ok(());
        assert!(journal.records(UNITS[0], 0..5000, 2, |_, _| ControlFlow::Continue(()), nothing).is_err());
    }

    #[test]
    fn damage_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut journal = Journal::begin(folder, "a", [0, 1], NEVER).unwrap();
        run(&mut journal, 3000, None);
        journal.commit().unwrap();
        drop(journal);
        let data = folder.join(DATA);
        let good = fs::read(&data).unwrap();
        for place in [3, 18, 21, 30, 2000, good.len() - 1] {
            let mut bytes = good.clone();
            bytes[place] ^= 1;
            fs::write(&data, &bytes).unwrap();
            assert!(Journal::go_on(folder, "a", [0, 1], NEVER).is_err(), "byte {place}");
        }
        fs::write(&data, &good[..good.len() - 1]).unwrap();
        let Err(error) = Journal::go_on(folder, "a", [0, 1], NEVER) else { panic!("it is too short") };
        assert!(error.to_string().contains("should have"), "{error}");
        fs::write(&data, &good).unwrap();
        fs::write(folder.join(COMMITTED), "nonsense").unwrap();
        assert!(Journal::go_on(folder, "a", [0, 1], NEVER).is_err());
    }
}
