//! The options that say how to scramble, shared by the subcommands that do.

use clap::ValueEnum;
use scramble::agreement::{Carrier, Coverage, Direction, Transform};
use scramble::option::Terms;

/// How to scramble.
#[derive(Debug, Clone, clap::Args)]
pub struct Scrambling {
    /// What to do with packets
    #[arg(long, value_enum, default_value_t = TransformName::Header)]
    transform: TransformName,
    /// How much of each packet: units of 64 bytes (1 to 254), or all
    #[arg(long, value_name = "N|all", default_value = "all", value_parser = coverage)]
    coverage: Coverage,
    /// The PPP protocol that scrambled packets travel under
    #[arg(long, value_enum, default_value_t = CarrierName::Natural)]
    carrier: CarrierName,
}

impl Scrambling {
    /// What a direction of the session does.
    pub fn direction(&self) -> Direction {
        Direction {
            transform: match self.transform {
                TransformName::Decoy => Transform::Decoy,
                TransformName::Header => Transform::Header,
                TransformName::Full => Transform::Full,
            },
            coverage: self.coverage,
            carrier: match self.carrier {
                CarrierName::Natural => Carrier::Natural,
                CarrierName::Lcp => Carrier::Lcp,
            },
        }
    }
}

impl Scrambling {
    /// What an end says that wants this on what it receives, and takes anything else of the same coverage.
    pub fn terms(&self) -> Terms {
        let Direction {
            transform,
            coverage,
            carrier,
        } = self.direction();
        Terms {
            want: transform,
            want_coverage: coverage,
            min_coverage: coverage,
            want_lcp_carrier: carrier == Carrier::Lcp,
            ..Terms::default()
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum TransformName {
    /// Bogus addresses, ports and names; no overhead
    Decoy,
    /// The first bytes encrypted; 6 bytes of overhead
    Header,
    /// Everything encrypted and authenticated; 22 bytes of overhead
    Full,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CarrierName {
    /// 0x0053, and DECOY's 0x0021 and 0x0057
    Natural,
    /// 0xC021, "IP over LCP"
    Lcp,
}

fn coverage(text: &str) -> Result<Coverage, String> {
    let units = match text {
        "all" => Some(Coverage::ALL),
        number => number.parse().ok().and_then(Coverage::new),
    };
    units.ok_or_else(|| "1 to 254, or all (255 means all too)".into())
}
