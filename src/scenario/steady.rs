//! A scenario made in code.

use std::time::Duration;

use super::{Overrides, Phase, Scenario, parse};

const BASE: &str = "name = \"steady\"\nquestion = \"Is every order accounted for?\"\n[[phase]]\nname = \"baseline\"\nrate = \"1/s\"\nduration = \"1s\"\n";

impl Scenario {
    /// One phase at a constant rate on the embedded pipeline, with every other setting at its default: what a file with
    /// nothing else in it resolves to. Each part is public and may be changed before the run.
    ///
    /// `rate` is in orders per second.
    ///
    /// ```
    /// use std::time::Duration;
    /// use orderproof::scenario::Scenario;
    ///
    /// let mut scenario = Scenario::steady("checkout", 50.0, Duration::from_secs(2));
    /// scenario.bad_share = 0.1;
    /// scenario.pipeline.max_receive_count = 3;
    /// ```
    pub fn steady(name: &str, rate: f64, duration: Duration) -> Self {
        let mut scenario = parse("steady", BASE, &Overrides::default()).expect("it is valid");
        scenario.name = name.into();
        scenario.phases = vec![Phase {
            start_rate: rate,
            end_rate: rate,
            duration,
            ..scenario.phases[0].clone()
        }];
        scenario
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_a_file_with_the_same_in_it_resolves_to() {
        let text = BASE.replace("1/s", "20/s").replace("1s", "3s");
        let read = parse("steady", &text, &Overrides::default()).expect("valid");
        assert_eq!(
            Scenario::steady("steady", 20.0, Duration::from_secs(3)),
            read
        );
    }
}
