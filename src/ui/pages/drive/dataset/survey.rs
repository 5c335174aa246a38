//! What the built-in apps say of a dataset's photos (JOB-4): a map with numbers, and findings with **Leave out**.

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::super::{
    files_place::{FilesPlace, Tab},
    route::Listing,
};
use crate::{
    domain::{
        app::BuiltIn,
        photo::PreviewSize,
        qc::{Finding, FindingKind, FoundPhoto, Severity},
        survey::{
            Index, Spread,
            map::{MAX_LINKS, Spot, SurveyMap},
        },
        time::Timestamp,
    },
    paths,
    rpc::{FormFlash, file::LeaveOutFiles},
    ui::{
        components::{
            button::{ButtonLink, Tone},
            empty::Empty,
            field::Hidden,
            form::{Form, Submit},
            markup::{Markup, Written},
            note::{self, Note},
            table::Fact,
        },
        form_action::FormAction,
        words::{self, When},
    },
    view::{
        Control,
        survey::{IndexView, ReportView, SurveyView},
    },
};

/// How many photos of a finding are shown before **Show all**.
const SHOWN_AT_ONCE: usize = 12;

/// The tab.
#[component]
pub fn SurveyTab(survey: SurveyView, listing: Listing, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let SurveyView { index, report } = survey;
    if index.is_none() && report.is_none() {
        let sentence = "No survey yet. Process this dataset with “Survey index” for a map, and with “QC report” to find what is wrong with its photos.";
        return view! { <section class="panel"><Empty icon="site" sentence/></section> }.into_any();
    }
    // What needs somebody comes first.
    let found = report.as_ref().is_some_and(|of| !of.report.findings.is_empty());
    let index = index.map(|index| view! { <IndexSection index listing=listing.clone() now/> }.into_any());
    let report = report.map(|report| view! { <ReportSection report listing now flash/> }.into_any());
    let (first, second) = if found { (report, index) } else { (index, report) };
    view! { {first}{second} }.into_any()
}

/// Says that the images have changed since.
#[component]
fn Outdated(outdated: bool, photos: usize, images: i64, app: BuiltIn, listing: Listing) -> impl IntoView {
    let app = app.facts();
    let photos = i64::try_from(photos).unwrap_or(i64::MAX);
    outdated.then(|| {
        let text = if photos == images {
            "The images have changed since this was made.".to_owned()
        } else {
            format!(
                "This was made of {}. The dataset has {} to process now.",
                words::counted(photos, "photo", "photos"),
                words::counted(images, "image", "images"),
            )
        };
        let again = (!listing.is_view_as()).then(|| {
            let href = listing.process_dialog(app.slug);
            view! { <p><a href=href data-noscroll="">"Run "{app.title}" again"</a></p> }
        });
        view! { <Note severity=note::Severity::Warning><p>{text}</p>{again}</Note> }
    })
}

/// What *Survey index* made.
#[component]
fn IndexSection(index: IndexView, listing: Listing, now: Timestamp) -> impl IntoView {
    let IndexView { index, map, mosaic, made_at, images, outdated } = index;
    let results = listing.with_files(FilesPlace { tab: Tab::Results, ..FilesPlace::default() });
    let map = map.map(|map| {
        let elsewhere = i64::try_from(map.elsewhere).unwrap_or(0);
        let mut said: Vec<String> = Vec::new();
        if !map.footprints.is_empty() {
            said.push("The stronger the colour of a place is, the more photos see it.".to_owned());
        }
        if elsewhere > 0 {
            said.push(format!(
                "{} far from all others, and not on the map.",
                words::counted(elsewhere, "photo is", "photos are")
            ));
        }
        if map.few_footprints {
            said.push("What photos see is drawn for some of them only.".to_owned());
        }
        view! {
            <figure class="survey-figure">
                {drawing(&map, &listing)}
                <figcaption>"Each dot is a photo, each line a flight line. "{said.join(" ")}</figcaption>
            </figure>
        }
    });
    let note = index.mosaic_note.clone();
    let mosaic = mosaic.map(|(number, width, height)| {
        let source = paths::file_preview(&listing.resource, number, PreviewSize::Large.pixels());
        let (href, note) = (listing.show_file(number), note.clone());
        view! {
            <figure class="survey-figure">
                <a class="survey-map" href=href data-noscroll="">
                    <img src=source alt="Preview mosaic" width=width height=height loading="lazy" decoding="async"/>
                </a>
                <figcaption>"Preview mosaic. "{note}</figcaption>
            </figure>
        }
    });
    let viewer = (!listing.is_view_as()).then(|| {
        let href = paths::viewer(&listing.org, &listing.resource);
        view! { <ButtonLink href icon="layers">"Show on the map"</ButtonLink> }
    });
    let note = (mosaic.is_none() && !note.is_empty()).then(|| view! { <p class="muted">{note}</p> });
    view! {
        <section class="panel tile survey" aria-labelledby="survey-index">
            <header class="survey-head">
                <h2 id="survey-index">"Survey index"</h2>
                <small>"Made "<When at=made_at now/></small>
                <ButtonLink href=results icon="file">"Show files"</ButtonLink>
                {viewer}
            </header>
            <Outdated outdated photos=index.photos images app=BuiltIn::SurveyIndex listing=listing.clone()/>
            <div class="survey-parts">
                <div class="survey-figures">{map}{mosaic}</div>
                <IndexFacts index/>
            </div>
            {note}
        </section>
    }
}

/// "2.71 cm, from 2.5 to 2.9".
fn spread(of: Spread, unit: &str) -> String {
    let Spread { least, typical, most } = of;
    if (most - least).abs() < f64::EPSILON {
        format!("{typical} {unit}")
    } else {
        format!("{typical} {unit}, from {least} to {most}")
    }
}

/// "2.31 ha", "420 m²".
fn area(square_metres: f64) -> String {
    if square_metres < 1_000.0 {
        format!("{square_metres:.0} m²")
    } else if square_metres < 1_000_000.0 {
        format!("{:.2} ha", square_metres / 10_000.0)
    } else {
        format!("{:.2} km²", square_metres / 1_000_000.0)
    }
}

#[component]
fn IndexFacts(index: Index) -> impl IntoView {
    let flights = i64::try_from(index.flights.len()).unwrap_or(0);
    let lines: usize = index.flights.iter().map(|flight| flight.lines).sum();
    let lines = words::counted(i64::try_from(lines).unwrap_or(0), "line", "lines");
    let cameras: BTreeSet<String> = index.cameras.iter().filter_map(|camera| camera.camera.clone()).collect();
    let cameras: Vec<String> = cameras.into_iter().collect();
    let coverage = index.coverage.map(|coverage| {
        let [once, three, five] = [coverage.seen_by_1, coverage.seen_by_3, coverage.seen_by_5].map(area);
        let parts = format!("{once}, of it {three} by 3 photos or more, and {five} by 5 or more");
        view! { <Fact label="Seen"><span class="num">{parts}</span></Fact> }
    });
    let placed = format!("{} of {}", index.placed, index.photos);
    view! {
        <dl class="facts">
            <Fact label="On the ground"><span class="num">{placed}" photos"</span></Fact>
            <Fact label="Flights"><span class="num">{words::count(flights)}", "{lines}</span></Fact>
            {index.ground_sample_cm.map(|of| view! { <Fact label="Pixel size"><span class="num">{spread(of, "cm")}</span></Fact> })}
            {index.height_above_ground.map(|of| view! { <Fact label="Height"><span class="num">{spread(of, "m")}</span></Fact> })}
            {index.overlap_along_percent.map(|of| view! { <Fact label="Overlap in lines"><span class="num">{spread(of, "%")}</span></Fact> })}
            {index.overlap_across_percent.map(|of| view! { <Fact label="Between lines"><span class="num">{spread(of, "%")}</span></Fact> })}
            {coverage}
            {(!cameras.is_empty()).then(|| view! { <Fact label="Camera">{cameras.join(", ")}</Fact> })}
        </dl>
    }
}

/// A path over places, closed or not.
fn path(spots: &[Spot], closed: bool) -> String {
    let places: Vec<String> = spots.iter().map(|(x, y)| format!("{x} {y}")).collect();
    format!("M{}{}", places.join("L"), if closed { "Z" } else { "" })
}

/// The map as a drawing. Each photo leads to its own view, unless there are too many.
fn drawing(map: &SurveyMap, listing: &Listing) -> Written {
    let mut inside = Markup::with_room(200 * map.photos.len());
    let box_ = format!("0 0 {} {}", map.width, map.height);
    let photos = i64::try_from(map.photos.len()).unwrap_or(i64::MAX);
    let label = format!("Map of {}", words::counted(photos, "photo", "photos"));
    let linked = map.photos.len() <= MAX_LINKS;
    // What has links in it is no picture for a screen reader.
    let role = if linked { "group" } else { "img" };
    inside.open("svg", &[("viewBox", &box_), ("role", role), ("aria-label", &label)]);
    for shape in &map.footprints {
        inside.with("path", &[("class", "footprint"), ("d", &path(shape, true))], "");
    }
    let lines: String = map.lines.iter().map(|line| path(line, false)).collect();
    inside.with("path", &[("class", "flown"), ("d", &lines)], "");
    if linked {
        for photo in &map.photos {
            let (x, y) = (photo.at.0.to_string(), photo.at.1.to_string());
            let href = listing.show_file(photo.number);
            inside.open("a", &[("href", &href), ("aria-label", &photo.path), ("data-noscroll", "")]);
            inside.open("circle", &[("class", "reach"), ("cx", &x), ("cy", &y), ("r", "20")]);
            inside.with("title", &[], &photo.path);
            inside.close("circle");
            inside.with("circle", &[("class", "dot"), ("cx", &x), ("cy", &y), ("r", "9")], "");
            inside.close("a");
        }
    } else {
        let dots: Vec<String> = map.photos.iter().map(|photo| format!("M{} {}h0", photo.at.0, photo.at.1)).collect();
        let dots = dots.concat();
        inside.with("path", &[("class", "dots"), ("d", &dots)], "");
    }
    let (metres, length) = map.scale;
    let (left, bottom) = (20, map.height - 14);
    let bar = format!("M{left} {}v6h{length}v-6", bottom - 6);
    inside.with("path", &[("class", "scale"), ("d", &bar)], "");
    let (x, y) = ((left + length + 10).to_string(), (bottom + 4).to_string());
    let length = if metres < 1_000 { format!("{metres} m") } else { format!("{} km", metres / 1_000) };
    inside.with("text", &[("x", &x), ("y", &y)], &length);
    let arrow = format!("M{} 44v-26m-7 9l7 -9l7 9", map.width - 24);
    inside.with("path", &[("class", "scale"), ("d", &arrow)], "");
    let x = (map.width - 24).to_string();
    inside.with("text", &[("x", &x), ("y", "78"), ("text-anchor", "middle")], "N");
    inside.close("svg");
    Written::new("div", vec![("class", "survey-map".to_owned())], inside)
}

/// What *QC report* made.
#[component]
fn ReportSection(report: ReportView, listing: Listing, now: Timestamp, flash: Option<FormFlash>) -> impl IntoView {
    let ReportView { report, photos, proposed, left_out, made_at, images, outdated, leave_out } = report;
    let looked_at = words::counted(i64::try_from(report.photos).unwrap_or(0), "photo", "photos");
    let nothing = report.findings.is_empty().then(|| {
        view! { <p role="status">{format!("Nothing was found in {looked_at}.")}</p> }
    });
    let (refusal, may) = match leave_out {
        Control::Disabled(reason) => (Some(reason), false),
        control => (None, control == Control::Enabled && !listing.is_view_as()),
    };
    let refusal = refusal.filter(|_| proposed.iter().any(|numbers| !numbers.is_empty()) && !listing.is_view_as());
    let findings = report
        .findings
        .into_iter()
        .zip(photos)
        .zip(proposed)
        .map(|((finding, photos), proposed)| {
            let proposed = if may { proposed } else { Vec::new() };
            let (listing, left_out, flash) = (listing.clone(), left_out.clone(), flash.clone());
            view! { <OneFinding finding photos proposed left_out listing flash/> }
        })
        .collect_view();
    let not_judged = (!report.not_judged.is_empty()).then(|| {
        let said = report.not_judged.into_iter().map(|sentence| view! { <li>{sentence}</li> }).collect_view();
        view! { <h3>"Not judged"</h3> <ul class="muted">{said}</ul> }
    });
    view! {
        <section class="panel tile survey" aria-labelledby="qc-report">
            <header class="survey-head">
                <h2 id="qc-report">"QC report"</h2>
                <small>"Made "<When at=made_at now/></small>
            </header>
            <Outdated outdated photos=report.photos images app=BuiltIn::QcReport listing/>
            {refusal.map(|reason| view! { <p class="muted">{reason}</p> })}
            {nothing}
            {findings}
            {not_judged}
        </section>
    }
}

/// The class of a tag for a severity.
const fn tone(severity: Severity) -> &'static str {
    match severity {
        Severity::Problem => "tag bad",
        Severity::Warning => "tag warn",
        Severity::Note => "tag",
    }
}

#[component]
fn OneFinding(
    finding: Finding,
    photos: usize,
    proposed: Vec<i64>,
    left_out: BTreeSet<i64>,
    listing: Listing,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let Finding { kind, severity, sentence, photos: shown } = finding;
    let back = listing.with_files(FilesPlace { tab: Tab::Survey, ..FilesPlace::default() });
    let action = FormAction::<LeaveOutFiles>::new();
    let leave = (!proposed.is_empty()).then(|| {
        let count = words::counted(i64::try_from(proposed.len()).unwrap_or(0), "photo", "photos");
        let numbers = proposed.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
        let dataset = listing.resource.clone();
        // Each finding has a form of its own, which is told apart in a flash by what it names.
        let flash =
            flash.filter(|flash| flash.values.iter().any(|(name, value)| name == "numbers" && *value == numbers));
        view! {
            <Form action flash class="inline-form">
                <Hidden name="dataset" value=dataset/>
                <Hidden name="numbers" value=numbers/>
                <Hidden name="left_out" value="true"/>
                <Hidden name="back" value=back/>
                <Submit label=format!("Leave out {count}") tone=Tone::Plain icon="eye-off"/>
            </Form>
        }
    });
    let more = shown.len().saturating_sub(SHOWN_AT_ONCE);
    let mut shown = shown;
    let rest = shown.split_off(shown.len().min(SHOWN_AT_ONCE));
    let unshown = photos.saturating_sub(shown.len() + rest.len());
    let tiles = |photos: Vec<FoundPhoto>| {
        let tiles = photos.into_iter().map(|photo| {
            let is_out = left_out.contains(&photo.number);
            view! { <FoundTile photo is_out pictured={kind != FindingKind::Unreadable} listing=listing.clone()/> }
        });
        view! { <ul class="found" role="list">{tiles.collect_view()}</ul> }
    };
    let first = tiles(shown);
    let rest = (more > 0).then(|| {
        let summary = format!("Show {more} more");
        let unshown = (unshown > 0).then(|| {
            let text =
                format!("{} more are in qc.csv, among the results.", words::count(i64::try_from(unshown).unwrap_or(0)));
            view! { <p class="muted">{text}</p> }
        });
        view! { <details><summary>{summary}</summary>{tiles(rest)}{unshown}</details> }
    });
    view! {
        <section class="finding" aria-label=kind.label()>
            <header>
                <h3>{kind.label()}</h3>
                <span class=tone(severity)>{severity.label()}</span>
                <p>{sentence}</p>
                {leave}
            </header>
            {first}
            {rest}
        </section>
    }
}

/// A photo of a finding.
#[component]
fn FoundTile(photo: FoundPhoto, is_out: bool, pictured: bool, listing: Listing) -> impl IntoView {
    let href = listing.show_file(photo.number);
    let name = photo.path.rsplit('/').next().unwrap_or_default().to_owned();
    let picture = pictured.then(|| {
        let source = paths::file_preview(&listing.resource, photo.number, PreviewSize::Small.pixels());
        view! { <img src=source alt="" loading="lazy" decoding="async" width="160" height="120"/> }
    });
    view! {
        <li class:left-out=is_out>
            <a href=href title=photo.path data-noscroll="">
                {picture}
                <span>{name}</span>
                {(!photo.detail.is_empty()).then(|| view! { <small>{photo.detail}</small> })}
                {is_out.then(|| view! { <small>"Left out"</small> })}
            </a>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn job_4_numbers_of_a_survey_in_words() {
        let words = |least, typical, most| spread(Spread { least, typical, most }, "cm");
        assert_eq!(words(2.5, 2.71, 2.9), "2.71 cm, from 2.5 to 2.9");
        assert_eq!(words(2.0, 2.0, 2.0), "2 cm");
        assert_eq!([420.0, 23_100.0, 1_250_000.0].map(area), ["420 m²", "2.31 ha", "1.25 km²"]);
    }
}
