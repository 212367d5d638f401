//! The target for each figure, and whether it is met.

use tidewire_bench::plan::Group;

use super::clients::{ClientFigures, ClientResult};
use super::figures::CaseResult;
use super::groups::of;
use super::table::{Table, bytes};

/// "As fast as", measured on a shared machine, where medians are noisy.
const NOISE: f64 = 0.98;
/// "No cliff": the least speed of a chunk size, relative to the next smaller size.
const STEP: f64 = 0.9;

pub(super) fn table(results: &[CaseResult], clients: &[ClientResult]) -> Table {
    let mut table = Table::new(&["case", "target", "measured", "result"]);
    for row in rows(results).into_iter().chain(clients.iter().flat_map(client)) {
        table.row([row.what, row.target, row.measured, if row.met { "met" } else { "MISSED" }.to_owned()]);
    }
    table
}

struct Row {
    what: String,
    target: String,
    measured: String,
    met: bool,
}

/// The forms in which Tidewire lends events. The peers hand out checked text, so the second form is comparable to theirs.
const WAYS: [(&str, &str); 2] = [("tidewire", "lent bytes"), ("tidewire-text", "lent &str")];

fn rows(results: &[CaseResult]) -> Vec<Row> {
    let mut rows = Vec::new();
    for result in of(results, Group::Sse) {
        for (contender, way) in WAYS {
            rows.extend(ahead(result, contender, way, least_for(result.case.name)));
        }
        if result.case.name == "sse-16k" {
            rows.extend(WAYS.iter().filter_map(|(contender, way)| near_the_floor(result, contender, way)));
            rows.extend(WAYS.iter().filter_map(|(contender, way)| no_allocations(result, contender, way)));
        }
        rows.extend(ahead(result, "tidewire-owned", "owned", 1.0));
    }
    rows.extend(WAYS.iter().filter_map(|(contender, way)| no_cliff(results, contender, way)));
    for result in of(results, Group::Large) {
        rows.extend(WAYS.iter().flat_map(|(contender, way)| large(result, contender, way)).flatten());
    }
    rows.extend(of(results, Group::Framing).into_iter().filter_map(framing));
    for result in of(results, Group::Deltas) {
        rows.extend(
            [deltas(result, "sse-core, serde_json", 5.0), deltas(result, "sse-core, sonic-rs, lazy", 2.5)]
                .into_iter()
                .flatten(),
        );
    }
    for result in of(results, Group::Typed) {
        rows.extend(["from_slice", "from_str"].iter().filter_map(|way| typed(result, way)));
    }
    rows
}

fn least_for(case: &str) -> f64 {
    match case {
        "sse-16k" => 2.1,
        "sse-event" => 1.9,
        "sse-64" => 1.4,
        "sse-tiny" => 4.0,
        _ => 1.0,
    }
}

fn ahead(result: &CaseResult, contender: &str, way: &str, least: f64) -> Option<Row> {
    let (ratio, (peer, _)) = (result.to_best_peer(contender)?, result.best_peer()?);
    Some(Row {
        what: format!("{}, {way}", result.case.name),
        target: format!("{least} × the best peer"),
        measured: format!("{ratio:.2} × {peer}"),
        met: if least > 1.0 { ratio >= least } else { ratio > 1.0 },
    })
}

fn near_the_floor(result: &CaseResult, contender: &str, way: &str) -> Option<Row> {
    let ratio = result.to_floor(contender)?;
    Some(Row {
        what: format!("{}, {way}", result.case.name),
        target: "0.55 × the memchr2 floor".into(),
        measured: format!("{ratio:.2}"),
        met: ratio >= 0.55,
    })
}

fn no_allocations(result: &CaseResult, contender: &str, way: &str) -> Option<Row> {
    let figures = result.figures(contender)?;
    Some(Row {
        what: format!("{}, {way}", result.case.name),
        target: "0 allocations per event".into(),
        measured: format!("{} for {} events", figures.facts.allocations, figures.facts.digest.events),
        // The decoder's one buffer, which grows a few times.
        met: figures.facts.allocations <= 16,
    })
}

fn no_cliff(results: &[CaseResult], contender: &str, way: &str) -> Option<Row> {
    let sizes = of(results, Group::Sweep);
    let speeds: Vec<_> = sizes.iter().filter_map(|result| result.speed(contender)).collect();
    let steps = speeds.windows(2).map(|pair| pair[1] / pair[0]);
    let (at, step) = steps.enumerate().min_by(|(_, one), (_, other)| one.total_cmp(other))?;
    Some(Row {
        what: format!("sweep, {way}"),
        target: format!("each size ≥ {STEP} × the one before"),
        measured: format!("lowest {step:.2}, at {}", sizes[at + 1].case.title),
        met: step >= STEP,
    })
}

fn large(result: &CaseResult, contender: &str, way: &str) -> Option<[Row; 3]> {
    let figures = result.figures(contender)?;
    let time = result.to_floor(contender)?.recip();
    let afterwards = figures.allocated_per_event_afterwards();
    let row = |target: &str, measured, met| Row {
        what: format!("{}, {way}", result.case.name),
        target: target.into(),
        measured,
        met,
    };
    Some([
        row("≤ 1.2 × the time of memcpy and memchr2", format!("{time:.2}"), time <= 1.2),
        row(
            "peak ≤ 2.2 × the event",
            format!("{:.2}", figures.peak_to_body()),
            figures.peak_to_body() <= 2.2,
        ),
        row("≤ 1 KiB allocated per small event afterwards", bytes(afterwards), afterwards <= 1024.0),
    ])
}

fn framing(result: &CaseResult) -> Option<Row> {
    let ratio = result.speed("tidewire")? / result.speed("lines-codec")?;
    Some(Row {
        what: format!("{}, lent bytes", result.case.name),
        target: "3 × LinesCodec".into(),
        measured: format!("{ratio:.2}"),
        met: ratio >= 3.0,
    })
}

/// The target holds for events that are equal apart from their token.
fn deltas(result: &CaseResult, peer: &str, least: f64) -> Option<Row> {
    let least = if result.case.name == "deltas-unlike" { 1.0 } else { least };
    let ratio = result.speed("tidewire")? / result.speed(peer)?;
    Some(Row {
        what: result.case.name.to_owned(),
        target: format!("{least} × {peer}"),
        measured: format!("{ratio:.2}"),
        met: ratio >= least,
    })
}

/// Compares each way of calling serde_json with memchr followed by the same call.
fn typed(result: &CaseResult, way: &str) -> Option<Row> {
    let ratio = result.speed(&format!("tidewire, {way}"))? / result.speed(&format!("memchr, {way}"))?;
    Some(Row {
        what: format!("{}, {way}", result.case.name),
        target: format!("as fast as memchr + serde_json (≥ {NOISE})"),
        measured: format!("{ratio:.2}"),
        met: ratio >= NOISE,
    })
}

fn client(result: &ClientResult) -> Vec<Row> {
    let case = &result.case;
    let (Some(figures), Some(floor)) = (result.figures("tidewire"), result.floor()) else {
        return Vec::new();
    };
    let row = |target: &str, measured, met| Row {
        what: case.name.to_owned(),
        target: target.to_owned(),
        measured,
        met,
    };
    let above = |of: &dyn Fn(&ClientFigures) -> f64| of(figures) - of(floor);
    match case.name {
        "client-1000" => {
            let cpu = figures.above_floor;
            let allocated = above(&|figures| figures.allocated(case));
            let held = above(&|figures| figures.held(case));
            let best = result.best_peer(|figures| figures.above_floor.median);
            vec![
                row(
                    "≤ 0.7 µs CPU per event above reqwest",
                    format!("{:+.2} in pairs, {:+.2} of the minima", cpu.median, cpu.least),
                    cpu.median <= 0.7,
                ),
                row(
                    "≤ 1 KiB allocated per stream above reqwest, without the events' text",
                    bytes(allocated),
                    allocated <= 1024.0,
                ),
                row("≤ 1 KiB held per stream above reqwest while it streams", bytes(held), held <= 1024.0),
                row(
                    "less CPU than the best peer",
                    best.map_or("–".into(), |(peer, above)| {
                        format!("{:+.2} above reqwest, {peer} {above:+.2}", cpu.median)
                    }),
                    best.is_some_and(|(_, above)| cpu.median < above),
                ),
            ]
        }
        "client-10000" => {
            let growth = figures.growth();
            let held = format!("{growth:.2} × at the end");
            vec![row("every event of every stream, memory flat (≤ 1.05 ×)", held, growth <= 1.05)]
        }
        _ => Vec::new(),
    }
}
