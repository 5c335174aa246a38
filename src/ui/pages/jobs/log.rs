//! The log of a job (JOB-3): the last lines, following while it runs; earlier ones by page; searched, and filtered by level. A page has
//! few hundred lines, so a long log is as quick as a short one.

use leptos::{html, prelude::*};
use leptos_router::{NavigateOptions, hooks::use_navigate};

use crate::{
    domain::job_log::LogLevel,
    paths,
    ui::{
        components::{button::ButtonLink, dom::while_there, icon::Icon, pages::Pages},
        words,
    },
    view::{
        job::{LogLineView, LogPageView},
        query::LogQuery,
    },
};

/// The levels that the log can be filtered by.
const LEVELS: [(&str, &str); 3] = [("", "All lines"), ("warning", "Warnings and errors"), ("error", "Errors")];

/// How near to the end counts as at the end, in pixels.
const NEAR_THE_END: i32 = 24;

/// The panel with the log.
#[component]
pub fn LogPanel(
    log: LogPageView,
    query: LogQuery,
    /// The page of the job, with other lines of its log.
    to: Callback<LogQuery, String>,
    job: String,
    /// Whether more may come.
    open: bool,
    /// Whether the reader is at the end of the log, which then stays in sight.
    at_end: StoredValue<bool>,
) -> impl IntoView {
    let LogPageView { lines, total, earlier, later } = log;
    let element = NodeRef::<html::Div>::new();
    let last = query.from.is_empty() && query.before.is_empty();
    Effect::new(move |_| {
        if let Some(found) = element.get().filter(|_| last && at_end.get_value()) {
            request_animation_frame(while_there(move || found.set_scroll_top(found.scroll_height())));
        }
    });
    let on_scroll = move |_| {
        if let Some(found) = element.get_untracked() {
            let left = found.scroll_height() - found.scroll_top() - found.client_height();
            at_end.set_value(left <= NEAR_THE_END);
        }
    };
    let place = |from: Option<i64>, before: Option<i64>| {
        let text = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
        to.run(LogQuery { from: text(from), before: text(before), ..query.clone() })
    };
    let (to_later, to_earlier) =
        (later.map(|from| place(Some(from), None)), earlier.map(|before| place(None, Some(before))));
    let newest = (!last).then(|| view! { <ButtonLink href=place(None, None) in_place=true>"Last lines"</ButtonLink> });
    let searched = !query.find.is_empty() || !query.level.is_empty();
    let clear =
        searched.then(|| view! { <ButtonLink href=to.run(LogQuery::default()) in_place=true>"Clear"</ButtonLink> });
    let count = match (lines.first(), lines.last()) {
        (Some(first), Some(end)) if !searched => {
            format!("Lines {} to {} of {}", words::count(first.number), words::count(end.number), words::count(total))
        }
        (Some(_), Some(_)) => {
            let found = i64::try_from(lines.len()).unwrap_or(i64::MAX);
            format!("{} of {}", words::counted(found, "line", "lines"), words::count(total))
        }
        _ => String::new(),
    };
    let body = if lines.is_empty() {
        let sentence = match (searched, open) {
            (true, _) => "No line matches.",
            (false, true) => "No lines yet. They appear here as the app writes them.",
            (false, false) => "This job wrote no log.",
        };
        view! { <p class="pick-empty" role="status">{sentence}</p> }.into_any()
    } else {
        let lines = lines.into_iter().map(|line| view! { <Line line/> }).collect_view();
        view! {
            // Read by the keys, not read out as it grows.
            <div class="job-log" node_ref=element role="region" aria-label="Lines of the log" tabindex="0" on:scroll=on_scroll>
                <ol>{lines}</ol>
            </div>
        }
        .into_any()
    };
    view! {
        <section class="panel tile job-log-panel" aria-labelledby="job-log">
            <header class="bar">
                <h2 id="job-log">"Log"</h2>
                <small class="num">{count}</small>
                <div class="end">
                    <a class="button" rel="external" download="" href=paths::job_log(&job)><Icon name="download"/>"Download log"</a>
                </div>
            </header>
            <Find query=query.clone() to clear=clear.into_any() newest=newest.into_any()/>
            {body}
            <Pages start=to_later next=to_earlier words=["Later lines", "Earlier lines"] label="Pages of the log"/>
        </section>
    }
}

/// The search, in the whole log: a GET form. With WebAssembly the page is not loaded again.
#[component]
fn Find(query: LogQuery, to: Callback<LogQuery, String>, clear: AnyView, newest: AnyView) -> impl IntoView {
    let navigate = use_navigate();
    let (find, level) = (NodeRef::<html::Input>::new(), NodeRef::<html::Select>::new());
    let levels = LEVELS
        .map(|(value, words)| view! { <option value=value selected={value == query.level}>{words}</option> })
        .collect_view();
    let on_submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let find = find.get_untracked().map(|input| input.value().trim().to_owned()).unwrap_or_default();
        let level = level.get_untracked().map(|select| select.value()).unwrap_or_default();
        let asked = LogQuery { find, level, ..LogQuery::default() };
        navigate(&to.run(asked), NavigateOptions { scroll: false, ..NavigateOptions::default() });
    };
    view! {
        <form class="job-find" role="search" aria-label="Search the log" method="get" on:submit=on_submit>
            <label class="visually-hidden" for="log-find">"Search in the log"</label>
            <input node_ref=find class="input" id="log-find" type="search" name="find" placeholder="Search in the log" value=query.find maxlength="200" autocomplete="off"/>
            <label class="visually-hidden" for="log-level">"Level"</label>
            <select node_ref=level class="input" id="log-level" name="level">{levels}</select>
            <button type="submit" class="button">"Search"</button>
            {clear}
            {newest}
        </form>
    }
}

#[component]
fn Line(line: LogLineView) -> impl IntoView {
    let (class, level) = match line.level {
        LogLevel::Debug => ("log-line debug", "DEBUG"),
        LogLevel::Info => ("log-line", "INFO"),
        LogLevel::Warning => ("log-line warning", "WARNING"),
        LogLevel::Error => ("log-line error", "ERROR"),
    };
    let at = line.at.rfc3339();
    // "2026-11-21T13:58:04Z"
    let clock = at.get(11..19).unwrap_or_default().to_owned();
    view! {
        <li class=class><time datetime=at>{clock}</time> <span class="log-level">{level}</span> <span class="log-text">{line.text}</span></li>
    }
}
