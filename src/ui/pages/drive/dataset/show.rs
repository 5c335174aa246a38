//! A file's own view: what it shows, the facts about it, and its neighbours in the list (FILE-5).

use leptos::prelude::*;
use leptos_router::{NavigateOptions, hooks::use_navigate};

use super::{
    super::{
        dialogs::LoadedDrive,
        files_place::Tab,
        route::{DriveRoute, Listing},
    },
    row::{badges, media_icon, preview},
    zoom::Zoomable,
};
use crate::{
    domain::{
        file_command::{FileCommand, FilesTarget, control},
        photo::{CaptureTime, PhotoState, PreviewSize},
    },
    paths,
    rpc::{
        FormFlash, ask,
        file::{DeleteFiles, LeaveOutFiles, file_page},
    },
    ui::{
        components::{
            button::{ButtonLink, Tone},
            dialog::{Dialog, DialogBody},
            dom::{element_of, within},
            field::Hidden,
            form::{Form, Submit},
            icon::Icon,
            table::Fact,
        },
        form_action::FormAction,
        page::dialog_content,
        session::Session,
        words::{self, Moment},
    },
    view::{
        Control,
        file::{FileView, FileWithNeighbours, PhotoView},
        query::FilePageQuery,
    },
};

/// The dialog. It stays open while people go from file to file.
#[component]
pub fn FileDialog(route: Memo<DriveRoute>, listing: Memo<Listing>, drive: LoadedDrive) -> impl IntoView {
    let session = Session::get();
    let opened = listing.get_untracked();
    let close = opened.without_file();
    let wanted = Memo::new(move |before: Option<&FilePageQuery>| {
        let number = route.with(DriveRoute::shown_file);
        // While it closes, the address names no file any more.
        match before {
            Some(before) if number.is_empty() => before.clone(),
            _ => listing.with(|listing| FilePageQuery {
                dataset: listing.resource.clone(),
                number,
                view_as: listing.view_as.clone(),
            }),
        }
    });
    let found = ask(move || (wanted.get(), session.version()), |(wanted, _)| file_page(wanted));
    let neighbours = RwSignal::new((None, None));
    step_by_keys_and_swipes(neighbours, opened.clone());
    // What is shown changes without a new page, so it is told to screen readers.
    let said = RwSignal::new(String::new());
    let heading = if opened.files.tab == Tab::Results { "Result" } else { "Image" };
    let content = dialog_content(close.clone(), {
        let close = close.clone();
        move || {
            let (listing, close) = (opened.clone(), close.clone());
            async move {
                let flash = session.context().await.form;
                let (_, drive) = drive.await;
                let drive = drive?;
                let found = found.await?;
                neighbours.set((found.previous, found.next));
                said.set(found.file.name().to_owned());
                let target = drive.resource.as_ref().map(|resource| FilesTarget {
                    side: found.file.side,
                    level: resource.level,
                    restrictions: resource.restrictions,
                    held: drive.files.is_some_and(|files| files.held),
                });
                let target = target.filter(|_| drive.view_as.is_none());
                Ok(view! { <Shown found listing close target flash/> }.into_any())
            }
        }
    });
    view! {
        <Dialog label="File" heading close starts_with_text=true>
            <p class="visually-hidden" role="status">{move || said.get()}</p>
            {content}
        </Dialog>
    }
}

/// How far a finger goes sideways to step to a neighbour, in pixels.
const SWIPE_PX: i32 = 60;

/// The arrow keys, and a finger that goes sideways over the picture, lead to the neighbours.
fn step_by_keys_and_swipes(neighbours: RwSignal<(Option<i64>, Option<i64>)>, listing: Listing) {
    let navigate = use_navigate();
    let step = move |forward: bool| {
        let (previous, next) = neighbours.get_untracked();
        let to = if forward { next } else { previous };
        if let Some(number) = to {
            let options = NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() };
            navigate(&listing.show_file(number), options);
        }
        to.is_some()
    };
    let pressed = window_event_listener(leptos::ev::keydown, {
        let step = step.clone();
        move |event| {
            let forward = match event.key().as_str() {
                "ArrowLeft" => false,
                "ArrowRight" => true,
                _ => return,
            };
            let modified = event.ctrl_key() || event.meta_key() || event.alt_key() || event.shift_key();
            let in_field =
                element_of(event.target()).is_some_and(|target| within(&target, "input, textarea").is_some());
            if !modified && !in_field && step(forward) {
                event.prevent_default();
            }
        }
    });
    let began = StoredValue::new(None::<(i32, i32)>);
    let put_down = window_event_listener(leptos::ev::pointerdown, move |event| {
        // A picture that is zoomed is moved by the finger.
        let on_picture = element_of(event.target())
            .is_some_and(|target| within(&target, ".photo-zoom:not(.zoomed), .no-picture").is_some());
        let swipes = event.pointer_type() == "touch" && event.is_primary() && on_picture;
        began.set_value(swipes.then(|| (event.client_x(), event.client_y())));
    });
    let lifted = window_event_listener(leptos::ev::pointerup, move |event| {
        let Some((x, y)) = began.get_value() else { return };
        began.set_value(None);
        // Two fingers may have zoomed it meanwhile.
        if element_of(event.target()).is_some_and(|target| within(&target, ".photo-zoom.zoomed").is_some()) {
            return;
        }
        let (right, down) = (event.client_x() - x, event.client_y() - y);
        if right.abs() >= SWIPE_PX && right.abs() > 2 * down.abs() {
            step(right < 0);
        }
    });
    on_cleanup(move || {
        pressed.remove();
        put_down.remove();
        lifted.remove();
    });
}

#[component]
fn Shown(
    found: FileWithNeighbours,
    listing: Listing,
    close: String,
    /// What may be done with it; `None` in **View as**.
    target: Option<FilesTarget>,
    flash: Option<FormFlash>,
) -> impl IntoView {
    let FileWithNeighbours { file, previous, next } = found;
    let step = |to: Option<i64>, label: &'static str, icon: &'static str| {
        match to {
        Some(number) => view! {
            <a class="button icon-only" href=listing.show_file(number) aria-label=label title=label data-noscroll="" prop:replace=true><Icon name=icon/></a>
        }
        .into_any(),
        None => view! { <span class="button icon-only" aria-hidden="true"><Icon name=icon/></span> }.into_any(),
    }
    };
    let (picture, facts, name) = (file.clone(), file.clone(), file.name().to_owned());
    let dataset = listing.resource.clone();
    let badges = badges(&file);
    let badges = (!badges.is_empty()).then(|| {
        let tags = badges.into_iter().map(|(class, words)| view! { <span class=class>{words}</span> }).collect_view();
        view! { <p class="badges">{tags}</p> }
    });
    view! {
        <DialogBody focusable=true>
            <div class="photo">
                <div class="photo-picture"><Picture file=picture dataset/></div>
                <div class="photo-about">
                    <p class="photo-name">{name}</p>
                    {badges}
                    <FileFacts file=facts/>
                </div>
            </div>
        </DialogBody>
        <footer class="photo-buttons">
            <nav class="photo-steps" aria-label="Neighbours">
                {step(previous, "Previous", "chevron-left")}
                {step(next, "Next", "chevron-right")}
            </nav>
            {target.map(|target| view! { <Commands file listing=listing.clone() target flash/> })}
            <a class="button" href=close data-noscroll="" prop:replace=true>"Close"</a>
        </footer>
    }
}

/// Why nothing of a file is shown.
pub fn no_picture(file: &FileView) -> String {
    match &file.photo {
        Some(PhotoView { problem: Some(problem), .. }) => problem.clone(),
        Some(PhotoView { state: PhotoState::Waiting, .. }) => "The preview is being prepared.".to_owned(),
        _ if file.is_no_image_by_that_name() => {
            "This is not an image, although its name says so. It is neither counted nor processed as one.".to_owned()
        }
        _ => "There is no preview of this kind of file.".to_owned(),
    }
}

/// What a file shows; the icon of its kind where nothing can be shown, and why.
#[component]
fn Picture(file: FileView, dataset: String) -> impl IntoView {
    if let Some(preview) = preview(&dataset, &file, PreviewSize::Large) {
        return view! { <Zoomable preview alt=file.path/> }.into_any();
    }
    let why = no_picture(&file);
    view! { <span class="no-picture"><Icon name=media_icon(file.media)/><span>{why}</span></span> }.into_any()
}

#[component]
fn FileFacts(file: FileView) -> impl IntoView {
    let by = file.created_by_name.map(|name| format!(" by {name}"));
    let photo =
        file.photo.filter(|photo| photo.state == PhotoState::Made).map(|photo| view! { <PhotoFactsList photo/> });
    view! {
        <dl class="facts">
            {photo}
            <Fact label="Path">{file.path}</Fact>
            <Fact label="Type">{file.media.label()}</Fact>
            <Fact label="Size"><span class="num">{words::size(file.bytes)}</span></Fact>
            {file.modified_at.map(|at| view! { <Fact label="Modified"><Moment at/></Fact> })}
            <Fact label="Added"><Moment at=file.created_at/>{by}</Fact>
        </dl>
    }
}

/// What the camera wrote, each with its label. What it did not write is not there.
pub fn photo_facts(photo: &PhotoView) -> Vec<(&'static str, String)> {
    let facts = &photo.facts;
    let metres = |millimetres: i64| {
        let tenths = (millimetres + millimetres.signum() * 50) / 100;
        let sign = if tenths < 0 { "−" } else { "" };
        format!("{sign}{}.{} m", words::count(tenths.abs() / 10), tenths.abs() % 10)
    };
    let pixels = |(width, height)| format!("{} × {}", words::count(width), words::count(height));
    [
        ("Taken", facts.taken.map(CaptureTime::words)),
        ("Camera", facts.camera()),
        ("Position", facts.position.map(|position| position.to_string())),
        ("Above start", facts.height_mm.map(metres)),
        ("Altitude", facts.altitude_mm.map(metres)),
        ("Pixels", photo.width.zip(photo.height).map(pixels)),
    ]
    .into_iter()
    .filter_map(|(label, value)| Some((label, value?)))
    .collect()
}

#[component]
fn PhotoFactsList(photo: PhotoView) -> impl IntoView {
    photo_facts(&photo)
        .into_iter()
        .map(|(label, value)| view! { <Fact label><span class="num">{value}</span></Fact> })
        .collect_view()
}

/// The buttons of a file's own view.
#[component]
fn Commands(file: FileView, listing: Listing, target: FilesTarget, flash: Option<FormFlash>) -> impl IntoView {
    let number = file.number.to_string();
    let files = [number.clone()];
    let back = listing.show_file(file.number);
    let (leave_out, delete) = (FormAction::<LeaveOutFiles>::new(), FormAction::<DeleteFiles>::new());
    let mut reasons: Vec<String> = Vec::new();
    let buttons: Vec<AnyView> = FileCommand::ALL
        .into_iter()
        .filter(|command| match command {
            FileCommand::LeaveOut => !file.left_out,
            FileCommand::TakeIn => file.left_out,
            _ => true,
        })
        .filter_map(|command| match (control(command, target), command) {
            (Control::Absent, _) => None,
            (Control::Disabled(reason), _) => {
                if !reasons.contains(&reason) {
                    reasons.push(reason.clone());
                }
                Some(
                    view! {
                        <button type="button" class="button" disabled=true title=reason><Icon name=command.icon()/>{command.label()}</button>
                    }
                    .into_any(),
                )
            }
            (Control::Enabled, FileCommand::LeaveOut | FileCommand::TakeIn) => {
                let (dataset, numbers, back) = (listing.resource.clone(), number.clone(), back.clone());
                let left_out = (command == FileCommand::LeaveOut).to_string();
                Some(
                    view! {
                        <Form action=leave_out flash=flash.clone() class="inline-form">
                            <Hidden name="dataset" value=dataset/>
                            <Hidden name="numbers" value=numbers/>
                            <Hidden name="left_out" value=left_out/>
                            <Hidden name="back" value=back/>
                            <Submit label=command.label() tone=Tone::Plain icon=command.icon()/>
                        </Form>
                    }
                    .into_any(),
                )
            }
            (Control::Enabled, FileCommand::Download) => Some(
                view! {
                    <a class="button" rel="external" download="" href=paths::file_content(&listing.resource, file.number)>
                        <Icon name=command.icon()/>{command.label()}
                    </a>
                }
                .into_any(),
            ),
            (Control::Enabled, FileCommand::Delete) => {
                let (dataset, numbers) = (listing.resource.clone(), number.clone());
                let back = listing.with_files(listing.files.clone());
                Some(
                    view! {
                        <Form action=delete flash=flash.clone() class="inline-form">
                            <Hidden name="dataset" value=dataset/>
                            <Hidden name="numbers" value=numbers/>
                            <Hidden name="back" value=back/>
                            <Submit label=command.label() tone=Tone::Plain icon=command.icon()/>
                        </Form>
                    }
                    .into_any(),
                )
            }
            (Control::Enabled, FileCommand::Rename) => {
                let href = listing.files_dialog(command, &files);
                Some(view! { <ButtonLink href icon=command.icon() in_place=true>{command.label()}</ButtonLink> }.into_any())
            }
        })
        .collect();
    view! {
        {buttons}
        {reasons.into_iter().map(|reason| view! { <small class="why-off">{reason}</small> }).collect_view()}
    }
}
