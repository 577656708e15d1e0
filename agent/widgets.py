"""The widgets of the page of the web app: what there is, what it says, and where it stands.

Gradio is imported when they are made. Knows nothing of what happens on them.
"""

from __future__ import annotations

FILE_TYPES = ["image", "video", ".mkv", ".heic", ".heif", ".avif", ".webp", ".tif", ".tiff", ".pdf"]
EXAMPLES = (
    "What does the sign say?",
    "What is in the code?",
    "How many faces are there?",
    "Blur the faces and every phone number",
    "What is the total on this receipt?",
    "Cut out the largest thing and enlarge it 3 times",
)
HEADER = """<header class="ocelli-head">
<svg viewBox="0 0 64 40" role="img" aria-label="Ocelli" width="56" height="35">
<circle cx="32" cy="24" r="13"/><circle cx="11" cy="13" r="8"/><circle cx="53" cy="13" r="8"/>
<circle class="pupil" cx="34" cy="25" r="5"/><circle class="pupil" cx="12" cy="14" r="3"/>
<circle class="pupil" cx="54" cy="14" r="3"/></svg>
<div><h1>Ocelli</h1><p>Ask about pictures in plain words: vision experts look one after the other,
and the answer comes with its evidence.</p></div></header>
"""
PLACEHOLDER = """<div class="ocelli-empty"><strong>Add a picture, ask a question</strong><br>
Read text and codes, find and count, measure, compare, blur, cut out, recolour.</div>"""
POINT_HINT = "Add a picture, then click on it: your next question is about that place."


class Widgets:
    """The widgets of one page."""

    def lay_out(self) -> None:
        """Make them, inside the blocks of the page."""
        import gradio as gr

        gr.Markdown(HEADER, sanitize_html=False, padding=False)
        with gr.Row(equal_height=False):
            with gr.Column(scale=5, min_width=320):
                self._lay_out_chat()
            with gr.Column(scale=3, min_width=320):
                self._lay_out_pictures()

    def _lay_out_chat(self) -> None:
        import gradio as gr

        self.chat = gr.Chatbot(
            label="Conversation", show_label=False, elem_id="chat", height="calc(100vh - 250px)", min_height=380,
            allow_tags=False, sanitize_html=True, latex_delimiters=[], buttons=[],
            placeholder=PLACEHOLDER, feedback_options=None,
            examples=[{"text": text} for text in EXAMPLES],
        )  # fmt: skip
        self.box = gr.MultimodalTextbox(
            label="Your question and pictures", show_label=False, elem_id="ask", lines=1,
            placeholder="Ask about your pictures …", file_count="multiple",
            file_types=FILE_TYPES, sources=["upload"], autofocus=True, max_plain_text_length=4000,
        )  # fmt: skip
        with gr.Row():
            self.new = gr.Button("New conversation", size="sm", elem_id="new")
            self.undo = gr.Button(
                "Undo", size="sm", elem_id="undo", min_width=80, interactive=False
            )
            self.redo = gr.Button(
                "Redo", size="sm", elem_id="redo", min_width=80, interactive=False
            )
            self.report = gr.DownloadButton(
                "Download the report", size="sm", interactive=False, elem_id="report"
            )

    def _lay_out_pictures(self) -> None:
        import gradio as gr

        with gr.Accordion("Point at something", open=True):
            self.hint = gr.Markdown(POINT_HINT, elem_id="hint")
            self.canvas = gr.Image(
                label="Click to point", show_label=False, type="filepath", interactive=False,
                buttons=[], visible=False, elem_id="canvas", format="png",
            )  # fmt: skip
            with gr.Row(visible=False) as self.pointing:
                self.mode = gr.Radio(
                    [("Point: one click", "Point"), ("Box: two corners", "Box")], value="Point",
                    label="What a click means", show_label=False, container=False, elem_id="mode",
                    scale=3, min_width=240,
                )  # fmt: skip
                self.wipe = gr.Button("Clear", size="sm", elem_id="wipe", min_width=80)
        self.slider = gr.ImageSlider(
            label="Before and after", visible=False, elem_id="slider", type="filepath",
            interactive=False, max_height=420, buttons=["fullscreen"],
        )  # fmt: skip
        self.gallery = gr.Gallery(
            label="Pictures of the answers", visible=False, elem_id="gallery", columns=3,
            object_fit="contain", height=None, interactive=False,
            buttons=["download", "fullscreen"],
        )  # fmt: skip
