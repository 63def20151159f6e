// Starts Swagger UI; a file of its own, since no script may stand in a page.
"use strict";
SwaggerUIBundle({
  dom_id: "#docs",
  url: document.getElementById("docs").dataset.openapi,
  deepLinking: true,
  persistAuthorization: false,
  validatorUrl: null,
});
