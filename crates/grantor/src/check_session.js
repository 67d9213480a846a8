// OpenID Connect Session Management 1.0 section 3.2.
function browserState() {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith("STATE_COOKIE="));
  return found ? found.slice("STATE_COOKIE=".length) : "";
}
async function sessionState(clientId, origin, salt) {
  const text = `${clientId} ${origin} ${browserState()} ${salt}`;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("") + "." + salt;
}
window.addEventListener("message", async (event) => {
  if (event.source === null || event.source === window) return;
  const parts = typeof event.data === "string" ? event.data.split(" ") : [];
  const salt = parts.length === 2 ? parts[1].split(".")[1] : undefined;
  if (!parts[0] || !salt) {
    event.source.postMessage("error", event.origin);
    return;
  }
  const same = (await sessionState(parts[0], event.origin, salt)) === parts[1];
  event.source.postMessage(same ? "unchanged" : "changed", event.origin);
});
