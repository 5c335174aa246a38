// The page /api/docs: Swagger UI over our own document. Its other files are put beside this one by tools/site.
window.addEventListener("DOMContentLoaded", () => {
  window.SwaggerUIBundle({
    url: "/api/v1/openapi.json",
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "list",
    // Nothing is asked of others: no validator's badge.
    validatorUrl: null,
    // Calls with the session's cookie say that they are no form.
    requestInterceptor: (request) => {
      request.headers["X-Requested-With"] = "commonhold";
      return request;
    },
  });
});
