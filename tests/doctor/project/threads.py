"""Threads started with a request in hand; the end of a line says what the doctor must find there."""

import threading


class Worker(threading.Thread):
    pass


def work(*args, **kwargs):
    print(args, kwargs)


def careless(request):
    def inner():
        print(request.user)

    def with_default(asked=request):
        print(asked)

    threading.Thread(target=with_default).start()  # expect: request-in-thread notice
    threading.Thread(target=inner).start()  # expect: request-in-thread notice
    threading.Thread(target=work, args=(request,)).start()  # expect: request-in-thread notice
    threading.Thread(target=work, kwargs={"user": request.user}).start()  # expect: request-in-thread notice
    threading.Thread(target=lambda: work(request.POST)).start()  # expect: request-in-thread notice
    threading.Timer(5, work, [request]).start()  # expect: request-in-thread notice
    Worker(request).start()  # expect: request-in-thread notice


def careful(request):
    user_id = request.user.pk
    threading.Thread(target=work, args=(user_id, request.user.pk, request.path)).start()


def waiting(request):
    worker = threading.Thread(target=lambda: work(request))
    worker.start()
    worker.join()
