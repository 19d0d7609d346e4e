//! The HTTP server: one request a connection, nothing but `GET /metrics`.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

use super::{Format, Snapshot, sessions};
use crate::control::{self, Failure, Handle, Reply};

/// Scrapes at a time; others wait.
const CONNECTIONS: usize = 8;

/// How long a client may take for its request's header.
const HEADER: Duration = Duration::from_secs(5);

/// How long a connection may last.
const CONNECTION: Duration = Duration::from_secs(30);

/// Bytes of a request's header.
const HEADER_BYTES: usize = 16 << 10;

/// Fields of a request's header.
const HEADER_FIELDS: usize = 64;

/// How long to wait before accepting again, where the system has no file descriptor left.
const RESPITE: Duration = Duration::from_millis(200);

/// What is served.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Whether `?sessions=1` is answered. It names users to whoever reaches the port.
    pub per_session: bool,
}

/// Answers scrapes until the future is dropped.
///
/// # Errors
/// Only at the start, when tokio cannot take the socket.
pub async fn serve(listener: TcpListener, handle: Handle, options: Options) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let socket = tokio::net::TcpListener::from_std(listener)?;
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let mut clients = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(place) = places.clone().acquire_owned().await else {
            return Ok(());
        };
        match socket.accept().await {
            Ok((client, _)) => {
                let handle = handle.clone();
                clients.spawn(async move {
                    connection(client, handle, options).await;
                    drop(place);
                });
            }
            Err(error) => {
                warn!("the metrics port accepts no connection: {error}");
                sleep(RESPITE).await;
            }
        }
        while clients.try_join_next().is_some() {}
    }
}

async fn connection(client: TcpStream, handle: Handle, options: Options) {
    let service = service_fn(|request| {
        let handle = handle.clone();
        async move { Ok::<_, Infallible>(answer(&request, &handle, options).await) }
    });
    let served = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER)
        .max_buf_size(HEADER_BYTES)
        .max_headers(HEADER_FIELDS)
        .serve_connection(TokioIo::new(client), service);
    match timeout(CONNECTION, served).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!("a scrape ended: {error}"),
        Err(_) => debug!("a scrape took more than {} s", CONNECTION.as_secs()),
    }
}

async fn answer(
    request: &Request<Incoming>,
    handle: &Handle,
    options: Options,
) -> Response<Full<Bytes>> {
    if request.uri().path() != "/metrics" {
        return text(StatusCode::NOT_FOUND, "metrics are at /metrics\n");
    }
    if request.method() != Method::GET {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "only GET is answered\n");
        let allow = HeaderValue::from_static("GET");
        response.headers_mut().insert(ALLOW, allow);
        return response;
    }
    let query = request.uri().query().unwrap_or_default();
    let per_session = query.split('&').any(|parameter| parameter == "sessions=1");
    if per_session && !options.per_session {
        return text(
            StatusCode::FORBIDDEN,
            "metrics of single sessions are off; set per-session = true in [metrics]\n",
        );
    }
    let accept = request.headers().get_all(ACCEPT).iter();
    let accept: Vec<_> = accept.filter_map(|value| value.to_str().ok()).collect();
    let format = Format::accepted(&accept.join(","));
    let written = snapshot(handle, per_session).await;
    match written.map(|snapshot| snapshot.write(format)) {
        Ok(Ok(body)) => response(StatusCode::OK, format.content_type(), body),
        Ok(Err(_)) => text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the metrics cannot be written\n",
        ),
        Err(failure) => text(StatusCode::SERVICE_UNAVAILABLE, format!("{failure}\n")),
    }
}

async fn snapshot(handle: &Handle, per_session: bool) -> Result<Snapshot, Failure> {
    let status = match handle.ask(control::Request::Status).await {
        Reply::Status(status) => *status,
        Reply::Error(failure) => return Err(failure),
        other => {
            return Err(Failure::unavailable(format!(
                "no status but {}",
                other.kind()
            )));
        }
    };
    let sessions = if per_session {
        sessions::collect(handle).await?
    } else {
        Vec::new()
    };
    Ok(Snapshot { status, sessions })
}

fn text(status: StatusCode, body: impl Into<String>) -> Response<Full<Bytes>> {
    response(status, "text/plain; charset=utf-8", body.into())
}

fn response(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static(content_type);
    response.headers_mut().insert(CONTENT_TYPE, content_type);
    response
}
