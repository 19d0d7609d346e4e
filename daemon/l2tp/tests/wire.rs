//! Control messages: what is written is read again, what peers write is understood, what is broken is refused.

use fogline_l2tp::wire::message::{CallStart, Connected, Start};
use fogline_l2tp::wire::{Fault, Header, Hiding, Message, Parsed};
use fogline_l2tp::{
    CallCause, CallResult, ErrorCode, Proxy, ProxyAuthentication, Secret, StopCause, StopResult,
};
use proptest::prelude::*;

fn avps(hex: &str) -> Vec<u8> {
    hex::decode(hex.replace([' ', '\n'], "")).expect("hex digits")
}

fn parse(hex: &str) -> Result<Parsed, Fault> {
    Message::parse(&avps(hex), None).map_err(|refusal| refusal.fault)
}

/// SCCRQ as xl2tpd 1.3 sends it: nothing optional but bearer capabilities, firmware, vendor name and window.
const XL2TPD_SCCRQ: &str = "8008 0000 0000 0001
    8008 0000 0002 0100
    800a 0000 0003 00000003
    800a 0000 0004 00000000
    0008 0000 0006 0690
    8009 0000 0007 6c6163
    0013 0000 0008 78656c6572616e63652e636f6d
    8008 0000 0009 4e21
    8008 0000 000a 0004";

#[test]
fn xl2tpds_request_is_understood() {
    let Ok(Parsed {
        message: Message::Sccrq(start),
        ignored: 0,
    }) = parse(XL2TPD_SCCRQ)
    else {
        panic!("{:?}", parse(XL2TPD_SCCRQ));
    };
    let expected = Start {
        protocol_version: [1, 0],
        framing: 3,
        bearer: Some(0),
        tie_breaker: None,
        firmware: Some(0x0690),
        host_name: "lac".into(),
        vendor_name: Some("xelerance.com".into()),
        tunnel: 0x4E21,
        receive_window: Some(4),
        challenge: None,
        challenge_response: None,
    };
    assert_eq!(*start, expected);
}

#[test]
fn result_codes_come_with_or_without_more() {
    let cause = |hex: &str| match parse(hex).unwrap().message {
        Message::Cdn { session, cause } => (session, cause),
        other => panic!("{other:?}"),
    };
    let cdn = "8008 0000 0000 000e";
    let (session, bare) = cause(&format!("{cdn} 8008 0000 0001 0003 8008 0000 000e 0007"));
    assert_eq!(
        (session, bare.result, bare.error),
        (Some(7), CallResult::ADMINISTRATIVE, None)
    );
    let (_, coded) = cause(&format!("{cdn} 800a 0000 0001 0002 0004"));
    assert_eq!(
        (coded.result, coded.error, coded.message),
        (CallResult(2), Some(ErrorCode(4)), None)
    );
    let (_, worded) = cause(&format!("{cdn} 800f 0000 0001 0002 0004 66756c6c07"));
    assert_eq!(worded.message.as_deref(), Some("full?"));
}

#[test]
fn what_ends_something_is_understood_however_broken() {
    for broken in ["", "8006 0000 0063", "8007 0000 0001 00", "8009"] {
        let stop = parse(&format!("8008 0000 0000 0004 {broken}"));
        assert!(
            matches!(
                stop,
                Ok(Parsed {
                    message: Message::StopCcn { .. },
                    ..
                })
            ),
            "{broken}"
        );
        let cdn = parse(&format!("8008 0000 0000 000e {broken}"));
        assert!(
            matches!(
                cdn,
                Ok(Parsed {
                    message: Message::Cdn { .. },
                    ..
                })
            ),
            "{broken}"
        );
    }
}

#[test]
fn unknown_avps_end_it_only_where_they_are_mandatory() {
    let ignored = |avp: &str| parse(&format!("8008 0000 0000 0006 {avp}"));
    assert_eq!(
        ignored("0006 0000 0063").map(|parsed| parsed.ignored),
        Ok(1)
    );
    assert_eq!(
        ignored("0008 0009 0001 abcd").map(|parsed| parsed.ignored),
        Ok(1)
    );
    assert_eq!(
        ignored("8006 0000 0063"),
        Err(Fault::UnknownMandatory {
            vendor: 0,
            attribute: 99
        })
    );
    assert_eq!(
        ignored("8006 0009 0001"),
        Err(Fault::UnknownMandatory {
            vendor: 9,
            attribute: 1
        })
    );
    // A reserved bit makes an AVP unknown (section 4.1), so does the reserved attribute 20.
    assert_eq!(
        ignored("8406 0000 0007"),
        Err(Fault::UnknownMandatory {
            vendor: 0,
            attribute: 7
        })
    );
    assert_eq!(
        ignored("0406 0000 0007").map(|parsed| parsed.ignored),
        Ok(1)
    );
    assert_eq!(
        ignored("8006 0000 0014"),
        Err(Fault::UnknownMandatory {
            vendor: 0,
            attribute: 20
        })
    );
}

#[test]
fn unknown_messages_are_ignored_only_where_they_may_be() {
    assert_eq!(parse("8008 0000 0000 0063"), Err(Fault::UnknownMessage(99)));
    assert_eq!(
        parse("0008 0000 0000 0063").map(|parsed| parsed.message),
        Ok(Message::Unknown)
    );
    // ... with whatever is in them.
    assert_eq!(
        parse("0008 0000 0000 0063 8006 0000 0063").map(|parsed| parsed.message),
        Ok(Message::Unknown)
    );
}

#[test]
fn message_type_comes_first() {
    assert_eq!(
        parse("8009 0000 0007 6c6163 8008 0000 0000 0006"),
        Err(Fault::NoMessageType)
    );
    assert_eq!(parse("8009 0000 0000 000001"), Err(Fault::NoMessageType));
    assert_eq!(parse("8008 0009 0000 0006"), Err(Fault::NoMessageType));
}

#[test]
fn a_refusal_says_whom_it_is_about() {
    // ICRQ, an AVP that is unknown and mandatory, then session 7, but no serial number.
    let bytes = avps("8008 0000 0000 000a 8006 0000 0063 8008 0000 000e 0007");
    let refusal = Message::parse(&bytes, None).unwrap_err();
    assert_eq!((refusal.kind, refusal.session), (Some(10), Some(7)));
    assert_eq!(refusal.fault.error_code(), ErrorCode::UNKNOWN_MANDATORY);
}

#[test]
fn ids_are_never_0_and_lengths_are_what_they_must_be() {
    let icrp = |avp: &str| parse(&format!("8008 0000 0000 000b {avp}"));
    assert_eq!(icrp("8008 0000 000e 0000"), Err(Fault::BadValue(14)));
    assert_eq!(icrp("8007 0000 000e 01"), Err(Fault::WrongLength(14)));
    assert_eq!(icrp(""), Err(Fault::Missing(14)));
    let empty_challenge = format!("{XL2TPD_SCCRQ} 8006 0000 000b");
    assert_eq!(parse(&empty_challenge), Err(Fault::BadValue(11)));
}

#[test]
fn hidden_avps_need_the_secret_and_a_random_vector() {
    let secret = Secret::new("sesame");
    let hiding = Hiding {
        secret: &secret,
        vector: [7; 16],
        padding: [0; 16],
    };
    let bytes = Message::Icrp { session: 5 }.emit(1, 2, Some(hiding));
    let (header, avps) = Header::parse(&bytes).unwrap();
    assert_eq!((header.tunnel, header.session), (1, 2));
    let with = |secret| {
        Message::parse(avps, secret)
            .map(|parsed| parsed.message)
            .map_err(|refusal| refusal.fault)
    };
    assert_eq!(with(Some(&secret)), Ok(Message::Icrp { session: 5 }));
    assert_eq!(with(None), Err(Fault::Hidden(14)));
    assert!(with(Some(&Secret::new("other"))).is_err());
    // Message Type, then what came after the Random Vector.
    let without_vector = [&avps[..8], &avps[30..]].concat();
    let refusal = Message::parse(&without_vector, Some(&secret)).unwrap_err();
    assert_eq!(refusal.fault, Fault::Hidden(14));
}

#[test]
fn a_proxied_password_is_not_shown() {
    let authentication = ProxyAuthentication {
        kind: 3,
        name: b"joe".to_vec(),
        challenge: vec![],
        id: 1,
        response: b"hunter2".to_vec().into(),
    };
    let shown = format!("{authentication:?}");
    assert!(
        !shown.contains("hunter2") && !shown.contains("104"),
        "{shown}"
    );
}

fn text() -> impl Strategy<Value = String> {
    "[a-z0-9.-]{1,60}"
}

fn start() -> impl Strategy<Value = Start> {
    let first = (
        any::<[u8; 2]>(),
        any::<u32>(),
        any::<Option<u32>>(),
        any::<Option<[u8; 8]>>(),
        any::<Option<u16>>(),
    );
    let second = (
        text(),
        prop::option::of(text()),
        1..=u16::MAX,
        any::<Option<u16>>(),
    );
    let third = (
        prop::option::of(prop::collection::vec(any::<u8>(), 1..40)),
        any::<Option<[u8; 16]>>(),
    );
    (first, second, third).prop_map(|(first, second, third)| Start {
        protocol_version: first.0,
        framing: first.1,
        bearer: first.2,
        tie_breaker: first.3,
        firmware: first.4,
        host_name: second.0,
        vendor_name: second.1,
        tunnel: second.2,
        receive_window: second.3,
        challenge: third.0,
        challenge_response: third.1,
    })
}

fn call_start() -> impl Strategy<Value = CallStart> {
    let number = || prop::option::of(text());
    (
        1..=u16::MAX,
        any::<u32>(),
        any::<Option<u32>>(),
        number(),
        number(),
        number(),
    )
        .prop_map(
            |(session, serial, bearer, called_number, calling_number, sub_address)| CallStart {
                session,
                serial,
                bearer,
                called_number,
                calling_number,
                sub_address,
            },
        )
}

fn proxy() -> impl Strategy<Value = Proxy> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..60);
    let authentication = (any::<u16>(), bytes(), bytes(), any::<u8>(), bytes()).prop_map(
        |(kind, name, challenge, id, response)| ProxyAuthentication {
            kind,
            name,
            challenge,
            id,
            response: response.into(),
        },
    );
    let confreq = || prop::option::of(bytes());
    (
        confreq(),
        confreq(),
        confreq(),
        prop::option::of(authentication),
    )
        .prop_map(|(initial, sent, received, authentication)| Proxy {
            initial_received_lcp_confreq: initial,
            last_sent_lcp_confreq: sent,
            last_received_lcp_confreq: received,
            authentication,
        })
}

fn connected() -> impl Strategy<Value = Connected> {
    (
        any::<u32>(),
        any::<Option<u32>>(),
        any::<u32>(),
        any::<bool>(),
        prop::option::of(proxy()),
    )
        .prop_map(
            |(tx_speed, rx_speed, framing, sequencing, proxy)| Connected {
                tx_speed,
                rx_speed,
                framing,
                sequencing,
                proxy: proxy
                    .filter(|proxy| *proxy != Proxy::default())
                    .map(Box::new),
            },
        )
}

fn message() -> impl Strategy<Value = Message> {
    let id = || 1..=u16::MAX;
    let words = || (any::<u16>(), any::<Option<u16>>(), prop::option::of(text()));
    // A message never comes without an error code: 0 stands for none.
    let error = |error: Option<u16>, message: &Option<String>| {
        error.or(message.as_ref().map(|_| 0)).map(ErrorCode)
    };
    prop_oneof![
        start().prop_map(|start| Message::Sccrq(Box::new(start))),
        start().prop_map(|start| Message::Sccrp(Box::new(start))),
        any::<Option<[u8; 16]>>()
            .prop_map(|challenge_response| Message::Scccn { challenge_response }),
        (prop::option::of(id()), words()).prop_map(move |(tunnel, (result, code, message))| {
            Message::StopCcn {
                tunnel,
                cause: StopCause {
                    result: StopResult(result),
                    error: error(code, &message),
                    message,
                },
            }
        }),
        Just(Message::Hello),
        id().prop_map(|session| Message::Ocrq { session }),
        call_start().prop_map(|call| Message::Icrq(Box::new(call))),
        id().prop_map(|session| Message::Icrp { session }),
        connected().prop_map(|connected| Message::Iccn(Box::new(connected))),
        (prop::option::of(id()), words()).prop_map(move |(session, (result, code, message))| {
            Message::Cdn {
                session,
                cause: CallCause {
                    result: CallResult(result),
                    error: error(code, &message),
                    message,
                },
            }
        }),
        Just(Message::Wen),
        Just(Message::Sli),
        Just(Message::OutgoingAnswer),
        Just(Message::Unknown),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(message in message(), ids: (u16, u16), vector: [u8; 16], hide: bool) {
        let secret = Secret::new("sesame");
        let hiding = Hiding { secret: &secret, vector, padding: vector };
        let bytes = message.emit(ids.0, ids.1, hide.then_some(hiding));
        let (header, avps) = Header::parse(&bytes).unwrap();
        prop_assert_eq!(header, Header { tunnel: ids.0, session: ids.1, ns: 0, nr: 0 });
        prop_assert_eq!(Message::parse(avps, Some(&secret)), Ok(Parsed { message, ignored: 0 }));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = Header::parse(&bytes);
        let _ = Message::parse(&bytes, Some(&Secret::new("s")));
    }

    #[test]
    fn any_damage_is_read_or_refused(message in message(), damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let mut bytes = message.emit(1, 1, None);
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok((_, avps)) = Header::parse(&bytes) {
            let _ = Message::parse(avps, None);
        }
    }
}
