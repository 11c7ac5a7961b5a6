package main

import (
	"fmt"
	"net/http"

	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// newHandler routes the service's requests.
func newHandler(c config) http.Handler {
	registry := prometheus.NewRegistry()
	greetings := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "go_service_greetings_total",
		Help: "Greetings sent.",
	})
	registry.MustRegister(greetings)

	r := chi.NewRouter()
	r.Use(middleware.Recoverer)
	r.Get("/healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "ok")
	})
	r.Get("/greet/{name}", func(w http.ResponseWriter, req *http.Request) {
		greetings.Inc()
		fmt.Fprintf(w, "%s, %s\n", c.Greeting, chi.URLParam(req, "name"))
	})
	r.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	return r
}
