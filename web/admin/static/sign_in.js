"use strict";

// Signs in by the API, which keeps the token in a cookie that scripts do not see.
const form = document.getElementById("sign-in");
const problem = document.getElementById("problem");

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  problem.textContent = "";
  const button = form.querySelector("button");
  button.disabled = true;
  try {
    const answer = await fetch("/api/v1/auths/signin", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ email: form.elements.email.value, password: form.elements.password.value }),
    });
    if (answer.ok) {
      location.replace(form.dataset.next);
      return;
    }
    const told = (await answer.json()).detail;
    problem.textContent = typeof told === "string" ? told : "This cannot be an address and a password.";
  } catch {
    problem.textContent = "The server does not answer. Try again in a moment.";
  }
  button.disabled = false;
  form.elements.password.focus();
});
