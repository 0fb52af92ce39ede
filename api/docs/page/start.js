// Own file: the page's content security policy takes no script that stands in the HTML.
SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#page',
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  // Models are shown with each route; a list of all of them below is in the way.
  defaultModelsExpandDepth: -1,
  defaultModelExpandDepth: 4,
  // The default asks a server of the authors whether the document is valid.
  validatorUrl: null,
});
