//! Sockets, interfaces, files and time: what carries the sans-I/O engines.

pub mod keylog;
pub mod known;
pub mod machine;
pub mod network;
pub mod port;
pub mod privileges;
pub mod tun;
pub mod udp;
pub mod users;
