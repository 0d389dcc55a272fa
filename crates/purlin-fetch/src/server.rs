//! A server on loopback that says and does what a test wants. It writes its answers byte by byte
//! itself, so that it can lie.

#![expect(clippy::unwrap_used, reason = "a test that cannot start its server has failed")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How a file is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// As it should be, with ranges.
    Well,
    /// As often, the connection ends after half of what was asked for.
    Stops(usize),
    /// Ranges are not known.
    Whole,
    /// So many bytes more are promised than sent, and ranges are not known.
    Promises(u64),
    /// So many bytes fewer are promised and sent.
    Withholds(u64),
    /// These answers come first.
    Answers(Vec<u16>),
    /// It is elsewhere.
    Redirects(String),
    /// Nothing comes after so many bytes, and the connection stays.
    Hangs(usize),
    /// So many bytes at a time, with a pause of so many milliseconds.
    Slowly(usize, u64),
}

/// What was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path, or what stands in its place.
    pub path: String,
    /// The header `Range`.
    pub range: Option<String>,
    /// The header `If-Range`.
    pub if_range: Option<String>,
}

#[derive(Default)]
struct State {
    files: HashMap<String, (Vec<u8>, Manner)>,
    requests: Vec<Request>,
}

/// A running server; it ends with the test.
pub struct Server {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Server {
    /// Starts one on a free port.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                // Clients leave in the middle, which is no error of the server's.
                thread::spawn(move || answer(&stream, &shared));
            }
        });
        Self { address, state }
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves `bytes` at a path, whose address is given back.
    ///
    /// # Panics
    /// If a thread of the server has.
    pub fn serve(&self, path: &str, bytes: &[u8], manner: Manner) -> String {
        let mut state = self.state.lock().unwrap();
        state.files.insert(path.to_owned(), (bytes.to_vec(), manner));
        self.url(path)
    }

    /// What was asked for so far.
    ///
    /// # Panics
    /// If a thread of the server has.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.state.lock().unwrap().requests.clone()
    }
}

/// An archive (`.tar.gz`) of files with their texts.
///
/// # Panics
/// If a path is none that it can have.
#[must_use]
pub fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap().finish().unwrap()
}

fn answer(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    let mut request = read(stream)?;
    if request.method == "CONNECT" {
        // As a proxy does, only that this server is what is behind it as well.
        state.lock().unwrap().requests.push(request);
        send(stream, b"HTTP/1.1 200 Connected\r\n\r\n")?;
        request = read(stream)?;
    }
    let (bytes, manner) = {
        let mut state = state.lock().unwrap();
        state.requests.push(request.clone());
        let Some((bytes, manner)) = state.files.get_mut(&request.path) else {
            return status(stream, 404);
        };
        let now = manner.clone();
        match manner {
            Manner::Stops(0) => *manner = Manner::Well,
            Manner::Stops(left) => *left -= 1,
            Manner::Answers(answers) if answers.is_empty() => *manner = Manner::Well,
            Manner::Answers(answers) => {
                answers.remove(0);
            }
            _ => {}
        }
        (bytes.clone(), now)
    };
    match &manner {
        Manner::Answers(answers) if !answers.is_empty() => return status(stream, answers[0]),
        Manner::Redirects(to) => {
            let head = format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n");
            return send(stream, format!("{head}Connection: close\r\n\r\n").as_bytes());
        }
        _ => {}
    }
    content(stream, &request, &bytes, &manner)
}

fn content(stream: &TcpStream, request: &Request, bytes: &[u8], manner: &Manner) -> Option<()> {
    let tag =
        format!("\"{}-{}\"", bytes.len(), bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>());
    let current = request.if_range.as_ref().is_none_or(|asked| *asked == tag);
    let ranges = current && !matches!(manner, Manner::Whole | Manner::Promises(_));
    let start = request.range.as_ref().filter(|_| ranges);
    let start = start.map(|range| {
        range.trim_start_matches("bytes=").trim_end_matches('-').parse::<usize>().unwrap()
    });
    let first = start.unwrap_or(0);
    if start.is_some() && first >= bytes.len() {
        let range = format!("Content-Range: bytes */{}", bytes.len());
        let head = format!("HTTP/1.1 416 No\r\n{range}\r\nContent-Length: 0\r\n");
        return send(stream, format!("{head}Connection: close\r\n\r\n").as_bytes());
    }
    let rest = &bytes[first..];
    let (promised, sent) = match manner {
        Manner::Stops(left) if *left > 0 => (rest.len() as u64, rest.len() / 2),
        Manner::Promises(more) => (rest.len() as u64 + more, rest.len()),
        Manner::Withholds(fewer) => {
            let left = rest.len() as u64 - fewer;
            (left, usize::try_from(left).unwrap())
        }
        Manner::Hangs(after) => (rest.len() as u64, (*after).min(rest.len())),
        _ => (rest.len() as u64, rest.len()),
    };
    let line = match start {
        Some(first) => {
            let last = bytes.len() - 1;
            format!("206 Part\r\nContent-Range: bytes {first}-{last}/{}", bytes.len())
        }
        None => "200 OK".to_owned(),
    };
    let head = format!(
        "HTTP/1.1 {line}\r\nETag: {tag}\r\nContent-Length: {promised}\r\nConnection: close\r\n\r\n"
    );
    send(stream, head.as_bytes())?;
    match manner {
        Manner::Slowly(step, pause) => {
            for part in rest.chunks(*step) {
                send(stream, part)?;
                thread::sleep(Duration::from_millis(*pause));
            }
        }
        _ => send(stream, &rest[..sent])?,
    }
    if matches!(manner, Manner::Hangs(_)) {
        // Until the client gives up.
        let _ = (&*stream).read(&mut [0]);
    }
    stream.shutdown(Shutdown::Write).ok()?;
    // Unread bytes would reset the connection before the client has read its answer.
    let _ = (&*stream).read(&mut [0; 64]);
    Some(())
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let mut request = Request { method, path, ..Request::default() };
    for line in lines {
        let line = line.ok()?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "range" => request.range = Some(value.to_owned()),
            "if-range" => request.if_range = Some(value.to_owned()),
            _ => {}
        }
    }
    Some(request)
}

fn status(stream: &TcpStream, status: u16) -> Option<()> {
    let head = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    send(stream, head.as_bytes())
}

fn send(mut stream: &TcpStream, bytes: &[u8]) -> Option<()> {
    stream.write_all(bytes).ok()
}
