"""Django app of reqtrace's core."""

from django.apps import AppConfig


class ReqtraceConfig(AppConfig):
    """Connects what must be connected once Django is ready; starts nothing."""

    name = __name__.rpartition(".")[0]
    label = "reqtrace"
    verbose_name = "reqtrace"

    def ready(self) -> None:
        """Register checks and receivers."""
        from django.contrib.auth.signals import user_logged_in, user_logged_out
        from django.core.signals import setting_changed

        from reqtrace import checks, conf, identity
        from reqtrace.capture import recorder
        from reqtrace.capture.jobs import joining
        from reqtrace.execution import exclusions

        checks.register()
        setting_changed.connect(conf.reset, dispatch_uid="reqtrace.conf.reset")
        setting_changed.connect(identity.reset, dispatch_uid="reqtrace.identity.reset")
        setting_changed.connect(exclusions.reset, dispatch_uid="reqtrace.execution.exclusions.reset")
        user_logged_in.connect(recorder.note_login, dispatch_uid="reqtrace.capture.recorder.note_login")
        user_logged_out.connect(recorder.note_logout, dispatch_uid="reqtrace.capture.recorder.note_logout")
        joining.join_all()
