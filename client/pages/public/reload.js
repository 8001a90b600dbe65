// "Reload" on a page whose own scripts are late or missing. A link that is followed would lose the token in the address's
// fragment, and what the log-in keeps beside it in the history.
document.addEventListener('click', (event) => {
  if (!event.target.closest?.('.late a')) return;
  event.preventDefault();
  location.reload();
});
