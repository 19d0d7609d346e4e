//! PAP, CHAP and MS-CHAPv2, and who may call: without I/O.
//!
//! [`Authenticator`] is the end that asks who calls, [`Peer`] the end that proves who it is (the words of RFC 1334 and
//! RFC 1994). Both take packets and the time, and give packets, a timer and events. Time is a
//! [`Duration`](core::time::Duration) since any start that the host likes, as long as it never runs backwards. After
//! every call, the host takes every `poll`, then every `poll_transmit`, and calls `handle_timeout` at `poll_timeout`. A
//! packet is what follows the PPP protocol field.
//!
//! An authenticator never knows a password: it hands [`Credentials`] to its host, which asks whoever implements
//! [`Authenticate`] and returns the [`Verdict`]. [`verify`] checks credentials against what a file of users stores.
//!
//! ```
//! use core::time::Duration;
//! use fogline_auth::verify::{Secret, Stored};
//! use fogline_auth::{
//!     Authenticator, AuthenticatorEvent, Method, Peer, PeerEvent, Timing, Verdict,
//! };
//! # struct Os(u8);
//! # impl rand_core::TryRng for Os {
//! #     type Error = core::convert::Infallible;
//! #     fn try_next_u32(&mut self) -> Result<u32, Self::Error> { self.0 += 1; Ok(self.0.into()) }
//! #     fn try_next_u64(&mut self) -> Result<u64, Self::Error> { self.0 += 1; Ok(self.0.into()) }
//! #     fn try_fill_bytes(&mut self, to: &mut [u8]) -> Result<(), Self::Error> {
//! #         self.0 += 1; to.fill(self.0); Ok(())
//! #     }
//! # }
//! # impl rand_core::TryCryptoRng for Os {}
//! # let mut random = Os(0);
//! let stored = Stored {
//!     chap_md5: Some(Secret::parse("open sesame")?),
//!     ..Stored::default()
//! };
//! let now = Duration::ZERO;
//! let mut access = Authenticator::new(Method::ChapMd5, "isp", Timing::default());
//! let mut subscriber = Peer::new(Method::ChapMd5, "alice", "open sesame", Timing::default());
//! access.start(now, &mut random);
//! subscriber.start(now);
//! loop {
//!     while let Some(packet) = access.poll_transmit() {
//!         subscriber.handle(now, &packet, &mut random);
//!     }
//!     while let Some(packet) = subscriber.poll_transmit() {
//!         access.handle(now, &packet, &mut random);
//!     }
//!     if let Some(AuthenticatorEvent::Verify(credentials)) = access.poll() {
//!         let verdict = match stored.verify(&credentials.proof) {
//!             Ok(verified) => Verdict::Accept {
//!                 message: "welcome".to_owned(),
//!                 mschapv2_response: verified.mschapv2_response,
//!             },
//!             Err(refused) => Verdict::Reject { message: refused.to_string() },
//!         };
//!         access.answer(now, verdict, &mut random);
//!     }
//!     match subscriber.poll() {
//!         Some(PeerEvent::Succeeded) => break,
//!         Some(PeerEvent::Failed(failure)) => panic!("{failure}"),
//!         None => {}
//!     }
//! }
//! # Ok::<(), fogline_auth::verify::CredentialError>(())
//! ```

mod authenticate;
mod authenticator;
pub mod chap;
mod credentials;
mod failure;
mod grant;
mod method;
pub mod mschapv2;
mod outbox;
mod packet;
pub mod pap;
mod peer;
mod retry;
mod text;
mod timing;
pub mod verify;

pub use authenticate::{Authenticate, CallInfo, Deciding, Decision, Request};
pub use authenticator::{Authenticator, AuthenticatorEvent};
pub use credentials::{Credentials, Proof, Verdict};
pub use failure::Failure;
pub use grant::{Grant, Prefix64};
pub use method::Method;
pub use packet::ParseError;
pub use peer::{Peer, PeerEvent};
pub use timing::Timing;
