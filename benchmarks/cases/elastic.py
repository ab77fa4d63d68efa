"""Elastic's APM agent, which sends nothing."""

from benchmarks.cases.base import Case


class ElasticApm(Case):
    """As its documentation installs it; the agent queues, and has nobody to send to."""

    apps = ("elasticapm.contrib.django",)
    middleware = ("elasticapm.contrib.django.middleware.TracingMiddleware",)
    settings = {  # noqa: RUF012
        "ELASTIC_APM": {
            "SERVICE_NAME": "benchmark",
            "DISABLE_SEND": True,
            "CENTRAL_CONFIG": False,
            "CLOUD_PROVIDER": False,
            "METRICS_INTERVAL": "0ms",
        }
    }
