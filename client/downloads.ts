/** Files that the page hands to the candidate. */

/** Browsers read the blob after the click, by then at the latest, in ms. */
const REVOKE_MS = 60_000;

/** Saves the blob under the name that the browser asks for or takes, e.g. in its downloads folder. */
export function saveFile(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  // Firefox follows only links that are in the page.
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_MS);
}
