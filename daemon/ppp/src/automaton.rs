//! The option negotiation automaton of RFC 1661 section 4: a table, and nothing but the table.

use core::fmt;

/// Section 4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// The lower layer is down, and nobody asked for the protocol.
    Initial,
    /// Asked for, but the lower layer is down.
    Starting,
    /// The lower layer is up, and nobody asked for the protocol.
    Closed,
    /// Asked for and up, but the peer did not answer, or ended it.
    Stopped,
    /// A Terminate-Request was sent; Closed comes next.
    Closing,
    /// As Closing, but Stopped comes next.
    Stopping,
    /// A Configure-Request was sent.
    ReqSent,
    /// ... and acknowledged by the peer.
    AckRcvd,
    /// ... and the peer's acknowledged, but not this end's.
    AckSent,
    /// Both are acknowledged.
    Opened,
}

impl State {
    /// Every state, in the RFC's order: 0 to 9.
    pub const ALL: [Self; 10] = [
        Self::Initial,
        Self::Starting,
        Self::Closed,
        Self::Stopped,
        Self::Closing,
        Self::Stopping,
        Self::ReqSent,
        Self::AckRcvd,
        Self::AckSent,
        Self::Opened,
    ];

    /// Whether the restart timer may run (section 4.6).
    pub const fn has_timer(self) -> bool {
        matches!(
            self,
            Self::Closing | Self::Stopping | Self::ReqSent | Self::AckRcvd | Self::AckSent
        )
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initial => "Initial",
            Self::Starting => "Starting",
            Self::Closed => "Closed",
            Self::Stopped => "Stopped",
            Self::Closing => "Closing",
            Self::Stopping => "Stopping",
            Self::ReqSent => "Req-Sent",
            Self::AckRcvd => "Ack-Rcvd",
            Self::AckSent => "Ack-Sent",
            Self::Opened => "Opened",
        })
    }
}

/// Section 4.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The lower layer is up.
    Up,
    /// The lower layer is down.
    Down,
    /// The protocol is wanted.
    Open,
    /// The protocol is not wanted any more.
    Close,
    /// TO+: the timer expired, and tries are left.
    TimeoutAgain,
    /// TO-: the timer expired, and no try is left.
    TimeoutLast,
    /// RCR+: an acceptable Configure-Request.
    ConfigureRequestGood,
    /// RCR-: an unacceptable Configure-Request.
    ConfigureRequestBad,
    /// RCA: a valid Configure-Ack.
    ConfigureAck,
    /// RCN: a valid Configure-Nak or Configure-Reject.
    ConfigureRefusal,
    /// RTR: a Terminate-Request.
    TerminateRequest,
    /// RTA: a Terminate-Ack.
    TerminateAck,
    /// RUC: an unknown code.
    UnknownCode,
    /// RXJ+: a Code-Reject or Protocol-Reject that can be lived with.
    RejectPermitted,
    /// RXJ-: one that cannot.
    RejectCatastrophic,
    /// RXR: an Echo-Request, Echo-Reply or Discard-Request.
    Echo,
}

impl Event {
    /// Every event, in the RFC's order.
    pub const ALL: [Self; 16] = [
        Self::Up,
        Self::Down,
        Self::Open,
        Self::Close,
        Self::TimeoutAgain,
        Self::TimeoutLast,
        Self::ConfigureRequestGood,
        Self::ConfigureRequestBad,
        Self::ConfigureAck,
        Self::ConfigureRefusal,
        Self::TerminateRequest,
        Self::TerminateAck,
        Self::UnknownCode,
        Self::RejectPermitted,
        Self::RejectCatastrophic,
        Self::Echo,
    ];
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Up => "Up",
            Self::Down => "Down",
            Self::Open => "Open",
            Self::Close => "Close",
            Self::TimeoutAgain => "TO+",
            Self::TimeoutLast => "TO-",
            Self::ConfigureRequestGood => "RCR+",
            Self::ConfigureRequestBad => "RCR-",
            Self::ConfigureAck => "RCA",
            Self::ConfigureRefusal => "RCN",
            Self::TerminateRequest => "RTR",
            Self::TerminateAck => "RTA",
            Self::UnknownCode => "RUC",
            Self::RejectPermitted => "RXJ+",
            Self::RejectCatastrophic => "RXJ-",
            Self::Echo => "RXR",
        })
    }
}

/// Section 4.4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// tlu: This-Layer-Up.
    LayerUp,
    /// tld: This-Layer-Down.
    LayerDown,
    /// tls: This-Layer-Started.
    LayerStarted,
    /// tlf: This-Layer-Finished.
    LayerFinished,
    /// irc: Initialize-Restart-Count.
    InitializeRestartCount,
    /// zrc: Zero-Restart-Count.
    ZeroRestartCount,
    /// scr: Send-Configure-Request.
    SendConfigureRequest,
    /// sca: Send-Configure-Ack.
    SendConfigureAck,
    /// scn: Send-Configure-Nak, or -Reject.
    SendConfigureNak,
    /// str: Send-Terminate-Request.
    SendTerminateRequest,
    /// sta: Send-Terminate-Ack.
    SendTerminateAck,
    /// scj: Send-Code-Reject.
    SendCodeReject,
    /// ser: Send-Echo-Reply.
    SendEchoReply,
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LayerUp => "tlu",
            Self::LayerDown => "tld",
            Self::LayerStarted => "tls",
            Self::LayerFinished => "tlf",
            Self::InitializeRestartCount => "irc",
            Self::ZeroRestartCount => "zrc",
            Self::SendConfigureRequest => "scr",
            Self::SendConfigureAck => "sca",
            Self::SendConfigureNak => "scn",
            Self::SendTerminateRequest => "str",
            Self::SendTerminateAck => "sta",
            Self::SendCodeReject => "scj",
            Self::SendEchoReply => "ser",
        })
    }
}

/// The state transition table (section 4.1): what to do, in order, and the state that follows. `None` where the RFC
/// has a dash: the event cannot happen, and nothing is done.
pub const fn transition(state: State, event: Event) -> Option<(&'static [Action], State)> {
    use Action::{
        InitializeRestartCount as Irc, LayerDown as Tld, LayerFinished as Tlf, LayerStarted as Tls,
        LayerUp as Tlu, SendCodeReject as Scj, SendConfigureAck as Sca, SendConfigureNak as Scn,
        SendConfigureRequest as Scr, SendEchoReply as Ser, SendTerminateAck as Sta,
        SendTerminateRequest as Str, ZeroRestartCount as Zrc,
    };
    use Event::{
        Close, ConfigureAck as Rca, ConfigureRefusal as Rcn, ConfigureRequestBad as RcrBad,
        ConfigureRequestGood as RcrGood, Down, Echo as Rxr, Open, RejectCatastrophic as RxjBad,
        RejectPermitted as RxjGood, TerminateAck as Rta, TerminateRequest as Rtr,
        TimeoutAgain as ToAgain, TimeoutLast as ToLast, UnknownCode as Ruc, Up,
    };
    use State::{
        AckRcvd, AckSent, Closed, Closing, Initial, Opened, ReqSent, Starting, Stopped, Stopping,
    };
    let next: (&'static [Action], State) = match (event, state) {
        (Up, Initial) => (&[], Closed),
        (Up, Starting) => (&[Irc, Scr], ReqSent),

        (Down, Closed | Closing) => (&[], Initial),
        (Down, Stopped) => (&[Tls], Starting),
        (Down, Stopping | ReqSent | AckRcvd | AckSent) => (&[], Starting),
        (Down, Opened) => (&[Tld], Starting),

        (Open, Initial) => (&[Tls], Starting),
        (Open, Closed) => (&[Irc, Scr], ReqSent),
        (Open, Closing) => (&[], Stopping),
        (Open, _) => (&[], state),

        (Close, Starting) => (&[Tlf], Initial),
        (Close, Stopped) => (&[], Closed),
        (Close, Stopping) => (&[], Closing),
        (Close, ReqSent | AckRcvd | AckSent) => (&[Irc, Str], Closing),
        (Close, Opened) => (&[Tld, Irc, Str], Closing),
        (Close, _) => (&[], state),

        (ToAgain, Closing | Stopping) => (&[Str], state),
        (ToAgain, ReqSent | AckRcvd) => (&[Scr], ReqSent),
        (ToAgain, AckSent) => (&[Scr], AckSent),
        (ToLast, Closing) => (&[Tlf], Closed),
        (ToLast, Stopping | ReqSent | AckRcvd | AckSent) => (&[Tlf], Stopped),

        (Up | Down | ToAgain | ToLast, _) => return None,
        // Nothing arrives while the lower layer is down.
        (_, Initial | Starting) => return None,

        (RcrGood | RcrBad | Rca | Rcn | Rtr, Closed) => (&[Sta], Closed),
        (RcrGood | RcrBad | Rca | Rcn, Closing | Stopping) => (&[], state),

        (RcrGood, Stopped) => (&[Irc, Scr, Sca], AckSent),
        (RcrGood, ReqSent | AckSent) => (&[Sca], AckSent),
        (RcrGood, AckRcvd) => (&[Sca, Tlu], Opened),
        (RcrGood, Opened) => (&[Tld, Scr, Sca], AckSent),

        (RcrBad, Stopped) => (&[Irc, Scr, Scn], ReqSent),
        (RcrBad, ReqSent | AckSent) => (&[Scn], ReqSent),
        (RcrBad, AckRcvd) => (&[Scn], AckRcvd),
        (RcrBad, Opened) => (&[Tld, Scr, Scn], ReqSent),

        (Rca | Rcn | Rtr, Stopped) => (&[Sta], Stopped),
        (Rca, ReqSent) => (&[Irc], AckRcvd),
        (Rca, AckSent) => (&[Irc, Tlu], Opened),
        (Rcn, ReqSent) => (&[Irc, Scr], ReqSent),
        (Rcn, AckSent) => (&[Irc, Scr], AckSent),
        (Rca | Rcn, AckRcvd) => (&[Scr], ReqSent),
        (Rca | Rcn, Opened) => (&[Tld, Scr], ReqSent),

        (Rtr, Closing | Stopping) => (&[Sta], state),
        (Rtr, ReqSent | AckRcvd | AckSent) => (&[Sta], ReqSent),
        (Rtr, Opened) => (&[Tld, Zrc, Sta], Stopping),

        (Rta, Closing) => (&[Tlf], Closed),
        (Rta, Stopping) => (&[Tlf], Stopped),
        (Rta, ReqSent | AckRcvd) => (&[], ReqSent),
        (Rta, Opened) => (&[Tld, Scr], ReqSent),
        (Rta, Closed | Stopped | AckSent) => (&[], state),

        (Ruc, _) => (&[Scj], state),

        (RxjGood, AckRcvd) => (&[], ReqSent),
        (RxjGood, _) => (&[], state),
        (RxjBad, Closed | Closing) => (&[Tlf], Closed),
        (RxjBad, Opened) => (&[Tld, Irc, Str], Stopping),
        (RxjBad, _) => (&[Tlf], Stopped),

        (Rxr, Opened) => (&[Ser], Opened),
        (Rxr, _) => (&[], state),
    };
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 1661 section 4.1, without the marks of its footnotes.
    const TABLE: [&str; 2] = [
        "
        Up    2       irc,scr/6  -      -                -      -
        Down  -       -          0      tls/1            0      1
        Open  tls/1   1      irc,scr/6  3                5      5
        Close 0       tlf/0      2      2                4      4
        TO+   -       -          -      -                str/4  str/5
        TO-   -       -          -      -                tlf/2  tlf/3
        RCR+  -       -      sta/2  irc,scr,sca/8        4      5
        RCR-  -       -      sta/2  irc,scr,scn/6        4      5
        RCA   -       -      sta/2      sta/3            4      5
        RCN   -       -      sta/2      sta/3            4      5
        RTR   -       -      sta/2      sta/3            sta/4  sta/5
        RTA   -       -          2      3                tlf/2  tlf/3
        RUC   -       -      scj/2      scj/3            scj/4  scj/5
        RXJ+  -       -          2      3                4      5
        RXJ-  -       -      tlf/2      tlf/3            tlf/2  tlf/3
        RXR   -       -          2      3                4      5",
        "
        Up    -         -         -           -
        Down  1         1         1           tld/1
        Open  6         7         8           9
        Close irc,str/4 irc,str/4 irc,str/4   tld,irc,str/4
        TO+   scr/6     scr/6     scr/8       -
        TO-   tlf/3     tlf/3     tlf/3       -
        RCR+  sca/8     sca,tlu/9 sca/8       tld,scr,sca/8
        RCR-  scn/6     scn/7     scn/6       tld,scr,scn/6
        RCA   irc/7     scr/6     irc,tlu/9   tld,scr/6
        RCN   irc,scr/6 scr/6     irc,scr/8   tld,scr/6
        RTR   sta/6     sta/6     sta/6       tld,zrc,sta/5
        RTA   6         6         8           tld,scr/6
        RUC   scj/6     scj/7     scj/8       scj/9
        RXJ+  6         6         8           9
        RXJ-  tlf/3     tlf/3     tlf/3       tld,irc,str/5
        RXR   6         7         8           ser/9",
    ];

    fn cell(state: State, event: Event) -> &'static str {
        let index = state as usize;
        let (half, column) = if index < 6 {
            (0, index)
        } else {
            (1, index - 6)
        };
        let row = TABLE[half]
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .find(|row| row.first() == Some(&event.to_string().as_str()))
            .unwrap();
        row[column + 1]
    }

    fn written(state: State, event: Event) -> String {
        let Some((actions, next)) = transition(state, event) else {
            return "-".into();
        };
        let actions: Vec<_> = actions.iter().map(ToString::to_string).collect();
        match actions.is_empty() {
            true => format!("{}", next as u8),
            false => format!("{}/{}", actions.join(","), next as u8),
        }
    }

    #[test]
    fn the_table_is_the_rfcs() {
        for state in State::ALL {
            for event in Event::ALL {
                assert_eq!(
                    written(state, event),
                    cell(state, event),
                    "{event} in {state}"
                );
            }
        }
    }

    proptest! {
        /// Whatever happens, This-Layer-Up and This-Layer-Down alternate, and Opened lies between them.
        #[test]
        fn layers_go_up_and_down_in_turn(events: Vec<prop::sample::Index>) {
            let (mut state, mut up) = (State::Initial, false);
            for event in events {
                let event = *event.get(&Event::ALL);
                let Some((actions, next)) = transition(state, event) else { continue };
                for action in actions {
                    match action {
                        Action::LayerUp => { prop_assert!(!up); up = true; }
                        Action::LayerDown => { prop_assert!(up); up = false; }
                        _ => {}
                    }
                }
                state = next;
                prop_assert_eq!(up, state == State::Opened);
            }
        }
    }
}
