//! From the sections of the file to the [`model`](super::model), checks included.

mod client;
mod link;
mod lns;
mod pool;
mod scrambling;
mod secret;
pub(super) mod user;

use std::path::{Path, PathBuf};

use tracing_subscriber::EnvFilter;

use super::document::{Document, Fault, Node, Section};
use super::model::{Config, Control, Log, LogFormat, Metrics, Process, State};
use super::problem::Problems;
use super::source::{Contents, Files};
use super::value::{absolute_path, flag, name, one_of, socket_address, text};

/// Everything that reading needs beside the section at hand.
pub(super) struct Reader<'r> {
    pub files: &'r dyn Files,
    pub problems: &'r Problems,
    /// Relative paths start from here.
    pub folder: PathBuf,
    /// The users who may own files with secrets.
    pub trusted: Vec<u32>,
    /// Why the main file is no place for a secret.
    pub exposed: Option<String>,
}

impl Reader<'_> {
    /// A path as a file of the configuration means it.
    pub fn resolve(&self, path: &Path) -> PathBuf {
        self.folder.join(path)
    }
}

/// The text of the main file. Errors go to `problems`; so may be that there is no configuration though there is a result.
pub(super) fn config(
    document: &Document<'_>,
    contents: &Contents,
    files: &dyn Files,
    problems: &Problems,
) -> Option<Config> {
    let table = document.parse()?;
    let mut root = Section::root(document, &table);
    if contents.world_writable() {
        root.error(
            0..0,
            format!(
                "anybody may change this file (mode {:04o}); use chmod go-w",
                contents.mode
            ),
        );
    }
    let mut trusted = vec![files.own_id()];
    let process = process(root.section_or_empty("process"), files, &mut trusted);
    let reader = Reader {
        files,
        problems,
        folder: document.file().parent().unwrap_or(Path::new("")).into(),
        exposed: contents.exposed(&trusted),
        trusted,
    };
    let lns = root
        .section("lns")
        .map(|section| lns::lns(section, &reader));
    let client = root
        .section("client")
        .map(|section| client::client(section, &reader));
    let metrics = root.section("metrics").map(metrics);
    let control = control(root.section_or_empty("control"));
    let log = log(root.section_or_empty("log"));
    let state = state(root.section_or_empty("state"));
    if lns.is_none() && client.is_none() {
        root.error(0..0, "there is neither [lns] nor [client]: nothing to do");
    }
    root.finish();
    Some(Config {
        control,
        log,
        state,
        process,
        metrics: match metrics {
            Some(understood) => Some(understood?),
            None => None,
        },
        lns,
        client,
    })
}

fn control(mut section: Section<'_>) -> Control {
    let socket = section.or("socket", "/run/fogline/control".into(), absolute_path);
    section.finish();
    Control { socket }
}

fn metrics(mut section: Section<'_>) -> Option<Metrics> {
    let why = "where Prometheus is to ask, such as \"127.0.0.1:9475\"";
    let listen = section.required("listen", why, socket_address);
    if let Some(listen) = listen.as_ref().filter(|at| !at.value.ip().is_loopback()) {
        section.warning(
            listen.span.clone(),
            "listen: not a loopback address: others can read the metrics, which name users where per-session is on",
        );
    }
    let per_session = section.or("per-session", false, flag);
    section.finish();
    Some(Metrics {
        listen: listen?.value,
        per_session,
    })
}

fn log(mut section: Section<'_>) -> Log {
    const FORMATS: &[(&str, LogFormat)] = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

    let log = Log {
        filter: section.or("filter", "info".into(), filter),
        format: section.or("format", LogFormat::Text, one_of(FORMATS)),
    };
    section.finish();
    log
}

fn filter(node: &Node<'_>) -> Result<String, Fault> {
    let text = text(node)?;
    EnvFilter::try_new(text).map_err(|error| {
        format!("{text:?}: {error}; write a level (error, warn, info, debug, trace)")
    })?;
    Ok(text.into())
}

fn state(mut section: Section<'_>) -> State {
    let directory = section.or("directory", "/var/lib/fogline".into(), absolute_path);
    section.finish();
    State { directory }
}

fn process(mut section: Section<'_>, files: &dyn Files, trusted: &mut Vec<u32>) -> Process {
    const LONGEST: usize = 32;

    let user = section.at("user", name(LONGEST));
    if let Some(user) = &user {
        match files.user_id(&user.value) {
            Some(id) => trusted.push(id),
            None => section.warning(
                user.span.clone(),
                format!(
                    "user: there is no user {:?} on this machine; packaging/sysusers.d makes one",
                    user.value
                ),
            ),
        }
    }
    let group = section.at("group", name(LONGEST));
    if let (Some(group), None) = (&group, &user) {
        section.error(
            group.span.clone(),
            "group: needs user: only with a user are privileges dropped",
        );
    }
    section.finish();
    Process {
        user: user.map(|at| at.value),
        group: group.map(|at| at.value),
    }
}
