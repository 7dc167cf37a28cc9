//! The body of a request, whole and unpacked, or why there is none: it is too large, packs too
//! much into too little, comes too slowly, or breaks off.
//!
//! It is unpacked as it comes, so that a bomb is refused when it has grown too large and not when
//! it has gone off. Whoever refuses a body drops what is left of it, and `drain` sees to that.

use std::io::{self, Write};
use std::ops::Deref;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use flate2::write::MultiGzDecoder;
use futures::stream::StreamExt;
use zstd::stream::write::Decoder as ZstdDecoder;

use super::crunch;
use super::error::Refusal;
use crate::error::Error;
use crate::memory::{Memory, Share};

/// As it was sent, and unpacked.
pub(super) const BODY_BYTES_MAX: usize = 512 << 20;
/// How much larger a body may be than what was sent of it, if it is large at all. JSON packs 5 to
/// 30 fold; what packs more than 100 fold is vectors of zeros, of which some thousands are free, or no data.
pub(super) const RATIO_MAX: usize = 100;
pub(super) const RATIO_FREE_BYTES: usize = 64 << 20;
/// How long a client may be silent in the middle of a body.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(10);
/// What memory is reserved by, where nobody says how much is to come.
const STEP_BYTES: usize = 1 << 20;
/// What a value of JSON is in memory, at the most, beside its text.
const VALUE_BYTES: usize = 32;
/// What is unpacked in one go, before other requests have their turn.
const PIECE_BYTES: usize = 16 << 10;
/// Frames that need a larger window are not for HTTP (RFC 9659).
pub(super) const ZSTD_WINDOW_LOG_MAX: u32 = 23;

/// A body, and the memory that it takes as long as somebody reads in it.
#[derive(Debug)]
pub(super) struct Whole {
    bytes: Bytes,
    /// What there is to it once it is read, itself with it.
    weight: u64,
    share: Share,
}

impl Deref for Whole {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Whole {
    /// It is read, and goes: what was made of it stays, for as long as somebody has this.
    pub(super) fn into_share(self) -> Share {
        let Self { bytes, weight, mut share } = self;
        share.resize(weight - bytes.len() as u64);
        share
    }
}

/// Reserves for a body what it says that it needs, and then for what is made of it: so that of many
/// large ones some are taken, and the others sent away before they are read.
pub(super) async fn read(request: Request, memory: &Memory) -> Result<Whole, Refusal> {
    let (parts, body) = request.into_parts();
    let announced = check_announced(&parts.headers)?;
    let share = memory.ask(announced).map_err(|error| Refusal::no_room(&error))?;
    let mut intake = Intake::of(&parts.headers, share)?;
    let mut chunks = body.into_data_stream();
    loop {
        let next = tokio::time::timeout(PAUSE_MAX, chunks.next()).await;
        let Some(chunk) = next.map_err(|_| Refusal::slow_body())? else { break };
        let chunk = chunk.map_err(|_| Refusal::malformed("the body broke off"))?;
        intake.take(&chunk).await?;
    }
    let (bytes, mut share) = intake.finish()?;
    let weighed = bytes.clone();
    let weight = crunch(bytes.len(), move || weight(&weighed)).await;
    share.reach(weight).map_err(|error| Refusal::no_room(&error))?;
    Ok(Whole { bytes, weight, share })
}

/// What a body takes once it is read: its texts once more, and something for every value in it.
fn weight(bytes: &Bytes) -> u64 {
    // Counted in bytes, which a processor does by the dozen; of so many none overflows.
    let begins = |byte: &u8| u8::from(matches!(byte, b',' | b'[' | b'{'));
    let some = |bytes: &[u8]| bytes.iter().map(begins).sum::<u8>() as usize;
    let values: usize = bytes.chunks(u8::MAX as usize).map(some).sum();
    2 * bytes.len() as u64 + (values * VALUE_BYTES) as u64
}

/// What says that it is too large is refused before it comes. How many bytes come, if it is said.
fn check_announced(headers: &HeaderMap) -> Result<u64, Refusal> {
    let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    match length.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > BODY_BYTES_MAX as u64 => Err(too_large()),
        length => Ok(length.unwrap_or(0)),
    }
}

fn too_large() -> Refusal {
    Refusal::too_large(format!(
        "the body of a request has at most {BODY_BYTES_MAX} bytes, packed and unpacked; send fewer \
         documents at a time"
    ))
}

enum Intake {
    Plain(Sink),
    Gzip(Box<MultiGzDecoder<Sink>>),
    Zstd(Box<ZstdDecoder<'static, Sink>>),
}

impl Intake {
    fn of(headers: &HeaderMap, share: Share) -> Result<Self, Refusal> {
        let sink = Sink { bytes: Vec::new(), packed_bytes: 0, over: None, share };
        let Some(coding) = headers.get(header::CONTENT_ENCODING) else {
            return Ok(Self::Plain(sink));
        };
        let coding = String::from_utf8_lossy(coding.as_bytes()).trim().to_ascii_lowercase();
        match coding.as_str() {
            "" | "identity" => Ok(Self::Plain(sink)),
            "gzip" | "x-gzip" => Ok(Self::Gzip(Box::new(MultiGzDecoder::new(sink)))),
            "zstd" => {
                let mut decoder = ZstdDecoder::new(sink).map_err(odd_zstd)?;
                decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(odd_zstd)?;
                Ok(Self::Zstd(Box::new(decoder)))
            }
            _ => Err(Refusal::unknown_coding(&coding)),
        }
    }

    async fn take(&mut self, chunk: &[u8]) -> Result<(), Refusal> {
        let piece_bytes = match self {
            Self::Plain(_) => chunk.len().max(1),
            Self::Gzip(_) | Self::Zstd(_) => PIECE_BYTES,
        };
        for piece in chunk.chunks(piece_bytes) {
            self.unpack(piece)?;
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    fn unpack(&mut self, piece: &[u8]) -> Result<(), Refusal> {
        match self {
            Self::Plain(sink) => sink.put(piece).map_err(|error| sink.refusal(&error, "JSON")),
            Self::Gzip(decoder) => {
                decoder.get_mut().packed_bytes += piece.len();
                let written = decoder.write_all(piece);
                written.map_err(|error| decoder.get_ref().refusal(&error, "gzip"))
            }
            Self::Zstd(decoder) => {
                decoder.get_mut().packed_bytes += piece.len();
                let written = decoder.write_all(piece);
                written.map_err(|error| decoder.get_ref().refusal(&error, "zstd"))
            }
        }
    }

    fn finish(self) -> Result<(Bytes, Share), Refusal> {
        let sink = match self {
            Self::Plain(sink) => sink,
            Self::Gzip(mut decoder) => {
                let finished = decoder.try_finish();
                finished.map_err(|error| decoder.get_ref().refusal(&error, "gzip"))?;
                let finished = decoder.finish();
                finished.map_err(|_| Refusal::internal("gzip ended twice, in two ways"))?
            }
            Self::Zstd(mut decoder) => {
                // It fails where a frame is not whole, which to flush it would not.
                let finished = decoder.do_finish();
                finished.map_err(|error| decoder.get_ref().refusal(&error, "zstd"))?;
                decoder.into_inner()
            }
        };
        Ok((sink.bytes.into(), sink.share))
    }
}

fn odd_zstd(error: io::Error) -> Refusal {
    Refusal::internal(format!("zstd does not start: {error}"))
}

/// Where the unpacked bytes go, as long as there are not too many.
#[derive(Debug)]
struct Sink {
    bytes: Vec<u8>,
    packed_bytes: usize,
    over: Option<Over>,
    share: Share,
}

#[derive(Debug)]
enum Over {
    Size,
    Ratio,
    Memory(Error),
}

impl Sink {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let after = self.bytes.len() + bytes.len();
        if after > BODY_BYTES_MAX {
            return self.full(Over::Size);
        }
        if after as u64 > self.share.bytes() {
            let wanted = after.next_multiple_of(STEP_BYTES) as u64;
            if let Err(error) = self.share.reach(wanted) {
                return self.full(Over::Memory(error));
            }
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    fn full(&mut self, over: Over) -> io::Result<()> {
        self.over = Some(over);
        Err(io::Error::other("too much was unpacked"))
    }

    fn refusal(&self, error: &io::Error, coding: &str) -> Refusal {
        match &self.over {
            Some(Over::Memory(error)) => Refusal::no_room(error),
            Some(Over::Size) => too_large(),
            Some(Over::Ratio) => Refusal::too_large(format!(
                "the body of a request unpacks to at most {RATIO_MAX} times what was sent, where that is \
                 more than {RATIO_FREE_BYTES} bytes: send fewer documents at a time, or send them unpacked"
            )),
            None => Refusal::malformed(&format!("the body is not {coding}: {error}")),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let allowed = RATIO_FREE_BYTES.max(self.packed_bytes.saturating_mul(RATIO_MAX));
        if self.bytes.len() + bytes.len() > allowed {
            self.full(Over::Ratio)?;
        }
        self.put(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use axum::body::Body;
    use axum::response::IntoResponse;
    use flate2::Compression;
    use flate2::write::GzEncoder;

    fn request(coding: &str, body: impl Into<Body>) -> Request {
        axum::http::Request::builder().header("content-encoding", coding).body(body.into()).unwrap()
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 1).unwrap()
    }

    async fn status(request: Request) -> u16 {
        match read(request, &Memory::of(1 << 30)).await {
            Ok(_) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[tokio::test]
    async fn a_body_comes_as_it_is_or_packed() {
        let text = "{\"upsert_rows\":[]}".repeat(10_000);
        let zstd = zstd(text.as_bytes());
        let twice = [gzip(&text.as_bytes()[..7]), gzip(&text.as_bytes()[7..])].concat();
        for (coding, packed) in [
            ("identity", text.clone().into_bytes()),
            ("gzip", gzip(text.as_bytes())),
            ("GZIP", twice),
            ("zstd", zstd),
        ] {
            let memory = Memory::of(1 << 30);
            let read = read(request(coding, packed), &memory).await.unwrap();
            assert!(*read == *text.as_bytes(), "{coding}");
            assert!(memory.used() >= 2 * text.len() as u64, "{coding}");
            drop(read);
            assert_eq!(memory.used(), 0, "{coding}");
        }
    }

    #[tokio::test]
    async fn what_is_not_what_it_says_is_refused() {
        for (coding, body, expected) in [
            ("br", &b"{}"[..], 415),
            ("gzip", b"{}", 400),
            ("gzip", b"", 400),
            ("zstd", b"{}{}{}{}", 400),
            ("zstd", b"", 400),
            ("identity", b"{}", 200),
        ] {
            assert_eq!(status(request(coding, body.to_vec())).await, expected, "{coding}");
        }
    }

    /// Half of a zstd frame was once taken for a whole body: that the rest is missing is told only
    /// to who asks for the end.
    #[tokio::test]
    async fn what_breaks_off_is_refused_wherever_it_does() {
        let text = b"{\"deletes\":[1]}";
        for (coding, packed) in [("gzip", gzip(text)), ("zstd", zstd(text))] {
            for cut in 0..packed.len() {
                let once = packed[..cut].to_vec();
                assert_eq!(status(request(coding, once)).await, 400, "{coding} {cut}");
                let twice = [&packed[..], &packed[..cut]].concat();
                // Where nothing of a second part has come, the first one is all there is.
                let expected = if cut == 0 { 200 } else { 400 };
                assert_eq!(status(request(coding, twice)).await, expected, "{coding} {cut}");
            }
            for more in [&b"x"[..], b"more", b"and what is longer than any head of a part"] {
                let behind = [&packed[..], more].concat();
                assert_eq!(status(request(coding, behind)).await, 400, "{coding} {more:?}");
            }
        }
    }

    /// What is unpacked at the last byte fills the buffer of the decoder more than once.
    #[tokio::test]
    async fn several_frames_are_one_body() {
        let text = " ".repeat(1 << 20);
        let frames = [zstd(b"{"), zstd(b""), zstd(text.as_bytes()), zstd(b"}")].concat();
        let memory = Memory::of(1 << 30);
        let read = read(request("zstd", frames), &memory).await.unwrap();
        assert!(*read == *format!("{{{text}}}").as_bytes());
    }

    #[tokio::test]
    async fn a_bomb_is_refused_long_before_it_has_gone_off() {
        let zeros = vec![0; 128 << 20];
        assert_eq!(status(request("gzip", gzip(&zeros))).await, 413);
        assert_eq!(status(request("zstd", zstd(&zeros))).await, 413);
        assert_eq!(status(request("gzip", gzip(&zeros[..8 << 20]))).await, 200);
    }

    /// Once they were taken for a bomb.
    #[tokio::test]
    async fn some_thousands_of_vectors_of_zeros_are_no_bomb() {
        let vector = vec!["0"; 768].join(",");
        let row = format!("{{\"id\":1,\"vector\":[{vector}]}},");
        let body = row.repeat(12_000);
        let (gzip, zstd) = (gzip(body.as_bytes()), zstd(body.as_bytes()));
        assert!(body.len() > zstd.len() * RATIO_MAX, "{} bytes", zstd.len());
        assert_eq!(status(request("gzip", gzip)).await, 200);
        assert_eq!(status(request("zstd", zstd)).await, 200);
    }

    #[tokio::test]
    async fn a_packed_body_may_become_so_long_whatever_was_sent() {
        let zeros = vec![0; RATIO_FREE_BYTES + 1];
        assert_eq!(status(request("gzip", gzip(&zeros[..RATIO_FREE_BYTES]))).await, 200);
        assert_eq!(status(request("gzip", gzip(&zeros))).await, 413);
    }

    #[test]
    fn beyond_that_it_may_become_so_many_times_as_long_and_no_longer() {
        let share = Memory::of(1 << 30).take(0);
        let packed_bytes = RATIO_FREE_BYTES / RATIO_MAX + 1;
        let mut sink = Sink { bytes: Vec::new(), packed_bytes, over: None, share };
        assert!(packed_bytes * RATIO_MAX > RATIO_FREE_BYTES);
        sink.write_all(&vec![0; packed_bytes * RATIO_MAX]).unwrap();
        assert!(sink.write_all(&[0]).is_err() && matches!(sink.over, Some(Over::Ratio)));
    }

    #[tokio::test]
    async fn a_window_of_zstd_may_be_so_wide_and_no_wider() {
        for (window_log, expected) in [(ZSTD_WINDOW_LOG_MAX, 200), (ZSTD_WINDOW_LOG_MAX + 1, 400)] {
            let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
            encoder.window_log(window_log).unwrap();
            encoder.write_all(b"{}").unwrap();
            let frame = encoder.finish().unwrap();
            assert_eq!(status(request("zstd", frame)).await, expected, "{window_log}");
        }
    }

    #[tokio::test]
    async fn what_is_announced_as_too_large_is_not_waited_for() {
        let endless = futures::stream::pending::<Result<Bytes, io::Error>>();
        let length = BODY_BYTES_MAX + 1;
        let request = axum::http::Request::builder().header("content-length", length);
        assert_eq!(status(request.body(Body::from_stream(endless)).unwrap()).await, 413);
    }

    /// What says how long it is, and what does not.
    #[test]
    fn a_body_may_be_so_long_and_no_longer() {
        for (length, taken) in [(BODY_BYTES_MAX, true), (BODY_BYTES_MAX + 1, false)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_LENGTH, length.into());
            assert_eq!(check_announced(&headers).is_ok(), taken, "{length}");
        }
        let share = Memory::of(4 << 30).take(BODY_BYTES_MAX as u64);
        // Nobody looks at these zeros, so they take no memory.
        let mut bytes = vec![0; BODY_BYTES_MAX];
        bytes.pop();
        let mut sink = Sink { bytes, packed_bytes: 0, over: None, share };
        assert!(sink.put(b"}").is_ok() && sink.bytes.len() == BODY_BYTES_MAX);
        assert!(sink.put(b" ").is_err() && matches!(sink.over, Some(Over::Size)));
    }

    /// What was reserved before it was known how much would come is not kept.
    #[tokio::test]
    async fn of_a_body_that_is_read_what_was_made_of_it_stays_reserved() {
        let memory = Memory::of(1 << 30);
        let text = br#"{"a":[1,2]}"#;
        for unannounced in [request("identity", text.to_vec()), request("gzip", gzip(text))] {
            let share = read(unannounced, &memory).await.unwrap().into_share();
            assert_eq!(share.bytes(), (text.len() + 3 * VALUE_BYTES) as u64);
            assert_eq!(memory.used(), share.bytes());
        }
    }

    #[tokio::test]
    async fn what_does_not_fit_into_memory_is_sent_away() {
        let memory = Memory::of(16 << 20);
        let other = memory.take(27 << 19);
        let text = vec![b' '; 200 << 10];
        for packed in [request("identity", text.clone()), request("gzip", gzip(&text))] {
            let refusal = read(packed, &memory).await.unwrap_err();
            assert_eq!(refusal.into_response().status().as_u16(), 503);
        }
        drop(other);
        assert!(read(request("identity", text), &memory).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_falls_silent_is_told_so() {
        let silent = futures::stream::pending::<Result<Bytes, io::Error>>();
        assert_eq!(status(request("identity", Body::from_stream(silent))).await, 408);
        let moment = Duration::from_millis(1);
        for (pause, expected) in [(PAUSE_MAX - moment, 200), (PAUSE_MAX + moment, 408)] {
            let late = futures::stream::once(async move {
                tokio::time::sleep(pause).await;
                Ok::<_, io::Error>(Bytes::from_static(b"{}"))
            });
            assert_eq!(status(request("identity", Body::from_stream(late))).await, expected);
        }
    }
}
