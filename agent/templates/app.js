// Whoever asks a question sees it, however far up the conversation was scrolled before.
let asked = 0;
new MutationObserver(() => {
  const count = document.querySelectorAll("#chat .user-row").length;
  if (count > asked) document.querySelector("#chat .bubble-wrap")?.scrollTo(0, 0);
  asked = count;
}).observe(document.documentElement, { childList: true, subtree: true });
