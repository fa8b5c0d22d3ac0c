//! `Pace` on simulated devices.

use super::devices::*;
use super::*;

#[test]
fn the_first_slice_is_short_on_a_slow_device_that_nobody_knows() {
    for rows in [16, 64, 256, 2048] {
        let mut program = Program::new(UHD_620, 7);
        while program.device.slices.is_empty() {
            LARGE.layer().into_iter().for_each(|op| program.op(rows, op));
        }
        assert!(program.longest_slice() < 0.06, "{rows} rows: {}", program.longest_slice());
    }
}

/// Runs 60 passes of every model on a device, with several noises: the longest slice and pass in seconds.
fn longest(profile: Profile) -> [f64; 2] {
    let runs = [MINI, BASE, LARGE].into_iter().flat_map(|model| (1..8).map(move |seed| (model, seed)));
    runs.fold([0.0, 0.0], |[slice, pass], (model, seed)| {
        let mut program = Program::seeded(profile, seed);
        let passes = program.passes(60, model, 2048);
        assert!(passes.iter().all(|pass| pass.most_in_flight <= 2));
        [program.longest_slice().max(slice), passes.iter().map(|pass| pass.work).fold(pass, f64::max)]
    })
}

#[test]
fn slices_and_passes_are_short_on_every_device() {
    // Also where a program makes Firefox look every 10 ms.
    for profile in CHROME.into_iter().chain(CHROME.map(|profile| Profile { poll: 0.01, ..firefox(profile) })) {
        let [slice, pass] = longest(profile);
        assert!(slice < 0.055 && pass < 0.38, "{}: {slice}, {pass}", profile.name);
    }
}

/// Where completions are seen every 100 ms, two slices of 50 ms look like two of 5 ms.
#[test]
fn slices_and_passes_are_nearly_as_short_in_firefox() {
    for profile in CHROME {
        let [slice, pass] = longest(firefox(profile));
        assert!(slice < 0.08 && pass < 0.42, "{}: {slice}, {pass}", profile.name);
    }
}

#[test]
fn every_device_is_kept_busy() {
    for profile in CHROME {
        let mut program = Program::loaded(profile);
        program.passes(10, BASE, 2048);
        let passes = program.passes(20, BASE, 2048);
        let sum = |of: fn(&Pass) -> f64| passes.iter().map(of).sum::<f64>();
        // A pass waits for one report, and for its own commands.
        let (work, wall) = (sum(|pass| pass.work), sum(|pass| pass.wall - 0.02));
        assert!(wall < 1.2 * work + 0.02, "{}: {wall} for {work}", profile.name);
        assert!(passes.iter().all(|pass| pass.slices <= 16), "{}", profile.name);
        let rate = program.pace.rate().unwrap();
        assert!((0.4..1.3).contains(&(rate / profile.large)), "{}: {rate}", profile.name);
    }
}

#[test]
fn a_fast_device_gets_a_pass_in_few_slices() {
    let mut program = Program::loaded(RTX_4090);
    program.passes(10, BASE, 2048);
    for (model, most) in [(MINI, 1), (BASE, 1), (LARGE, 4)] {
        for _ in 0..20 {
            assert_eq!(program.pace.pass_rows(model.row_flop()), 2048);
            let pass = program.pass(model, 2048);
            assert!(pass.slices <= most, "{} slices", pass.slices);
        }
    }
    // Short texts, on which it is much slower, and then long ones again.
    program.passes(100, BASE, 20);
    assert!(program.pass(BASE, 2048).slices <= 8);
    program.passes(5, BASE, 2048);
    assert_eq!(program.pass(BASE, 2048).slices, 1);
}

#[test]
fn the_100_ms_of_firefox_are_not_taken_for_work() {
    for (profile, [least, most]) in [(UHD_620, [0.6, 1.4]), (M1, [0.8, 1.5])] {
        let mut program = Program::loaded(firefox(profile));
        program.passes(60, BASE, 2048);
        let share = program.pace.rate().unwrap() / profile.large;
        assert!((least..most).contains(&share), "{}: {share}", profile.name);
    }
    // A pass of a fast device becomes three slices: two round trips in place of one.
    let mut program = Program::loaded(firefox(RTX_4090));
    program.passes(60, BASE, 2048);
    assert!(program.pass(BASE, 2048).slices <= 3);
    // Short texts say nothing, and the rate must stay as it is.
    for rows in [1, 5, 20, 60] {
        let mut program = Program::loaded(firefox(UHD_620));
        program.passes(20, BASE, 2048);
        program.passes(200, BASE, rows);
        let (before, rate) = (program.device.slices.len(), program.pace.rate().unwrap());
        program.pass(BASE, 2048);
        let slices = &program.device.slices[before..];
        assert!(
            slices.iter().all(|time| *time < 0.06) && (30e9..120e9).contains(&rate),
            "{rows} rows: {rate}, {slices:?}"
        );
    }
}

#[test]
fn a_device_that_becomes_slower_soon_gets_less() {
    for profile in CHROME {
        let mut program = Program::loaded(profile);
        program.passes(10, LARGE, 2048);
        program.device.slower = 3.0;
        program.pass(LARGE, 2048);
        program.pass(LARGE, 2048);
        program.device.slices.clear();
        program.passes(10, LARGE, 2048);
        assert!(program.longest_slice() < 0.06, "{}: {}", profile.name, program.longest_slice());
        let slow = program.pace.rate().unwrap();
        program.device.slower = 1.0;
        program.passes(30, LARGE, 2048);
        assert!(program.pace.rate().unwrap() > 2.0 * slow, "{}", profile.name);
        assert!(program.longest_slice() < 0.06, "{}: {}", profile.name, program.longest_slice());
    }
}

#[test]
fn a_lost_device_leaves_a_quarter_of_the_rate() {
    let mut program = Program::loaded(M1);
    program.passes(10, BASE, 2048);
    let mut pace = program.pace;
    let (rate, rows) = (pace.rate().unwrap(), pace.dispatch_rows(5e6));
    pace.queued(0.9 * pace.budget());
    pace.submitted(Duration::from_secs(60));
    pace.queued(1e9);
    pace.submitted(Duration::from_secs(60));
    assert!(pace.must_wait());
    pace.lost();
    assert!(!pace.must_wait());
    assert_eq!(pace.rate(), Some(rate / 4.0));
    assert!((pace.budget() - rate / 4.0 * 0.04).abs() < 1.0);
    assert!(pace.dispatch_rows(5e6) <= rows / 3);
    // A late report of the old device is none of the new one.
    pace.completed(Duration::from_secs(61));
    assert_eq!(pace.rate(), Some(rate / 4.0));
}

#[test]
fn work_is_counted_up_to_a_slice() {
    let mut pace = Pace::new(Duration::ZERO);
    let slice = pace.budget();
    assert_eq!((slice, pace.rate()), (1.2e9, None));
    assert!(!pace.queued(0.5 * slice));
    assert_eq!(pace.budget(), 0.5 * slice);
    assert!(pace.queued(0.4 * slice));
    pace.submitted(Duration::ZERO);
    assert_eq!(pace.budget(), slice);
    assert!(!pace.must_wait());
    assert!(pace.queued(2.0 * slice));
    assert_eq!(pace.budget(), 0.0);
    pace.submitted(Duration::ZERO);
    assert!(pace.must_wait());
    pace.completed(Duration::from_millis(30));
    assert!(!pace.must_wait());
    assert_eq!(pace.rate(), None);
    pace.completed(Duration::from_millis(60));
    // 2.9 slices in 60 ms.
    let least = 2.9 * slice / 0.06;
    assert!((pace.rate().unwrap() - (30e9 + SPEED_UP * (least - 30e9))).abs() < 1e3);
}

#[test]
fn rows_are_whole_tiles() {
    let pace = Pace::new(Duration::ZERO);
    // A dispatch has 0.15 GFLOP, a pass 7.2 GFLOP.
    let flop = [1e5, 1e6, 2e6, 4e6, 1e9, f64::INFINITY];
    assert_eq!(flop.map(|flop| pace.dispatch_rows(flop)), [1472, 128, 64, 32, 16, 16]);
    assert_eq!(flop.map(|flop| pace.pass_rows(flop)), [2048, 2048, 2048, 1800, 7, 1]);
}

#[test]
fn odd_numbers_do_no_harm() {
    let mut pace = Pace::new(Duration::MAX);
    pace.completed(Duration::ZERO);
    for flop in [f64::NAN, -1.0, f64::INFINITY, 0.0, f64::MAX] {
        for now in [Duration::MAX, Duration::ZERO, Duration::from_millis(1)] {
            pace.queued(flop);
            pace.submitted(now);
            pace.completed(Duration::ZERO);
            let (slice, rows) = (pace.budget(), pace.pass_rows(flop));
            assert!(slice.is_finite() && slice > 0.0 && (1..=2048).contains(&rows), "{flop}: {slice}, {rows}");
            assert!(pace.dispatch_rows(flop) >= 16);
        }
    }
}

#[test]
fn one_measurement_moves_the_rate_by_what_it_says() {
    let [start, ms] = [Duration::from_secs(1), Duration::from_millis(1)];
    let measured = |share: f64, time: Duration| {
        let mut pace = Pace::new(10 * ms);
        pace.queued(share * pace.budget());
        pace.submitted(start);
        pace.completed(start + time);
        pace.rate().unwrap() / UNKNOWN_RATE
    };
    // A report without any delay is one of an odd clock.
    assert_eq!(measured(1.0, Duration::ZERO), 1.0 + SPEED_UP * (MAX_JUMP - 1.0));
    assert_eq!(measured(1.0, 20 * ms), 1.0 + SPEED_UP);
    // 40 ms of work are reported after 40 to 50 ms.
    assert_eq!([40, 45, 50].map(|time| measured(1.0, time * ms)), [1.0; 3]);
    // Half the rate, in a whole slice and in a tenth of one.
    assert!((measured(1.0, 90 * ms) - (1.0 - SLOW_DOWN / 2.0)).abs() < 1e-9);
    assert!((measured(0.1, 18 * ms) - (1.0 - SLOW_DOWN / 2.0 * 0.2)).abs() < 1e-9);
}

#[test]
fn a_browser_that_looks_even_more_rarely_does_not_slow_the_work_down() {
    for poll in [0.15, 0.25, 0.5] {
        let mut program = Program::loaded(Profile { poll, ..firefox(M1) });
        program.passes(60, BASE, 2048);
        assert!(program.pace.rate().unwrap() > 0.5 * M1.large, "{poll}: {:?}", program.pace.rate());
    }
}
