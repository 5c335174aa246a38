//! What the engine needs of the browser: requests with progress, and the files in a folder.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, File, FileSystemDirectoryEntry, FileSystemDirectoryReader, FileSystemEntry, FileSystemFileEntry,
    ProgressEvent, XmlHttpRequest,
    js_sys::{Array, JSON, Promise, Reflect},
};

use super::queue::Trouble;

/// How many folders one choice may have inside each other.
const MAX_DEPTH: usize = 64;

/// A file that was chosen, and its path from the chosen folder on.
pub(super) struct ChosenFile {
    pub(super) file: File,
    pub(super) path: String,
}

/// The path of a file of an input.
pub(super) fn path_of(file: &File) -> String {
    let relative = Reflect::get(file, &JsValue::from_str("webkitRelativePath")).ok().and_then(|path| path.as_string());
    relative.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name())
}

/// All files below dropped entries. What cannot be read is left out.
pub(super) async fn files_below(entries: Vec<FileSystemEntry>) -> Vec<ChosenFile> {
    let mut found = Vec::new();
    let mut waiting: Vec<(FileSystemEntry, usize)> = entries.into_iter().rev().map(|entry| (entry, 0)).collect();
    while let Some((entry, depth)) = waiting.pop() {
        if entry.is_directory() && depth < MAX_DEPTH {
            let Ok(folder) = entry.dyn_into::<FileSystemDirectoryEntry>() else { continue };
            let reader = folder.create_reader();
            // A browser hands a folder out by the hundred, and says by an empty list that this was all.
            let mut inside = Vec::new();
            while let Some(batch) = read_entries(&reader).await.filter(|batch| batch.length() > 0) {
                inside.extend(batch.iter().filter_map(|entry| entry.dyn_into::<FileSystemEntry>().ok()));
            }
            waiting.extend(inside.into_iter().rev().map(|entry| (entry, depth + 1)));
        } else if entry.is_file() {
            let path = entry.full_path().trim_start_matches('/').to_owned();
            let Ok(entry) = entry.dyn_into::<FileSystemFileEntry>() else { continue };
            if let Some(file) = file_of(&entry).await {
                found.push(ChosenFile { file, path });
            }
        }
    }
    found
}

async fn read_entries(reader: &FileSystemDirectoryReader) -> Option<Array> {
    let read = Promise::new(&mut |done, failed| {
        drop(reader.read_entries_with_callback_and_callback(&done, &failed));
    });
    JsFuture::from(read).await.ok()?.dyn_into().ok()
}

async fn file_of(entry: &FileSystemFileEntry) -> Option<File> {
    let read = Promise::new(&mut |done, failed| entry.file_with_callback_and_callback(&done, &failed));
    JsFuture::from(read).await.ok()?.dyn_into().ok()
}

/// Whether the first byte of what would be sent can be read. A file that was changed or removed since it was chosen cannot.
pub(super) async fn is_readable(blob: &Blob) -> bool {
    let Ok(first) = blob.slice_with_f64_and_f64(0.0, 1.0) else { return false };
    JsFuture::from(first.array_buffer()).await.is_ok()
}

/// A call of the protocol tus.
pub(super) struct Call {
    request: XmlHttpRequest,
}

impl Call {
    /// A call that is not sent yet.
    pub(super) fn new(method: &str, url: &str) -> Option<Self> {
        let request = XmlHttpRequest::new().ok()?;
        request.open_with_async(method, url, true).ok()?;
        for (name, value) in [("Tus-Resumable", "1.0.0"), ("X-Requested-With", "commonhold")] {
            request.set_request_header(name, value).ok()?;
        }
        Some(Self { request })
    }

    /// The request, to abort it.
    pub(super) fn handle(&self) -> XmlHttpRequest {
        self.request.clone()
    }

    /// Asks how much of a file the server has.
    pub(super) async fn ask(self) -> Result<i64, Trouble> {
        self.answer(None).await
    }

    /// Sends bytes from an offset on; how much of the file the server has then. `progress` is told how many of them have left.
    pub(super) async fn send(
        self,
        offset: i64,
        blob: &Blob,
        progress: impl FnMut(f64) + 'static,
    ) -> Result<i64, Trouble> {
        for (name, value) in
            [("Content-Type", "application/offset+octet-stream"), ("Upload-Offset", &offset.to_string())]
        {
            if self.request.set_request_header(name, value).is_err() {
                return Err(Trouble::Cut);
            }
        }
        let mut progress = progress;
        let told = Closure::<dyn FnMut(ProgressEvent)>::new(move |event: ProgressEvent| progress(event.loaded()));
        if let Ok(upload) = self.request.upload() {
            upload.set_onprogress(Some(told.as_ref().unchecked_ref()));
        }
        let answer = self.answer(Some(blob)).await;
        // It lives until the answer is there.
        drop(told);
        answer
    }

    async fn answer(&self, body: Option<&Blob>) -> Result<i64, Trouble> {
        let request = &self.request;
        // `loadend` comes whatever happens: an answer, an error, or an abortion.
        let ended = Promise::new(&mut |done, _| request.set_onloadend(Some(&done)));
        if request.send_with_opt_blob(body).is_err() {
            return Err(Trouble::Cut);
        }
        drop(JsFuture::from(ended).await);
        let status = request.status().unwrap_or(0);
        if (200..300).contains(&status) {
            let offset = request.get_response_header("Upload-Offset").ok().flatten();
            return offset.and_then(|offset| offset.parse().ok()).ok_or(Trouble::Elsewhere);
        }
        let text = request.response_text().ok().flatten().unwrap_or_default();
        let problem = JSON::parse(&text).unwrap_or(JsValue::NULL);
        let word = |name: &str| {
            let value = Reflect::get(&problem, &JsValue::from_str(name)).ok().and_then(|value| value.as_string());
            value.unwrap_or_default()
        };
        Err(Trouble::of(status, &word("code"), &word("detail")))
    }
}
