"""A client of corrald that this project did not write: grpcio, with code generated from the .proto files.

usage: client.py ADDRESS CA CERT KEY      (the generated code is on PYTHONPATH)
Starts a job, streams its output, goes on from an offset, stops it, and prints what it saw as JSON.
"""

import json
import sys

import grpc
from corral.v1 import job_pb2, job_service_pb2, job_service_pb2_grpc, status_pb2


def read(path):
    with open(path, "rb") as file:
        return file.read()


def connect(address, ca, cert, key):
    credentials = grpc.ssl_channel_credentials(read(ca), read(key), read(cert))
    return grpc.secure_channel(address, credentials)


def read_until(stream, text):
    """The output up to and with a text, and where to go on."""
    data, offset = b"", 0
    for part in stream:
        data += part.data
        offset = part.next_offset
        if text in data:
            stream.cancel()
            return data, offset
    raise SystemExit(f"the output ended without {text!r}: {data!r}")


def code_of(call):
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


def main():
    channel = connect(*sys.argv[1:])
    jobs = job_service_pb2_grpc.JobServiceStub(channel)
    script = "echo first; read line; echo second $line; sleep 1000"
    config = job_pb2.JobConfig(
        command=["sh", "-c", script],
        labels={"by": "python"},
        stdin=job_pb2.Stdin(stream=True),
    )
    request = job_service_pb2.StartRequest(request_id="from-python", config=config)
    job = jobs.Start(request).job
    again = jobs.Start(request).job
    output = job_service_pb2.OutputRequest(name=job.name, follow=True)
    first, offset = read_until(jobs.Output(output), b"first\n")
    jobs.WriteInput(job_service_pb2.WriteInputRequest(name=job.name, data=b"go\n", end=True))
    output = job_service_pb2.OutputRequest(name=job.name, follow=True, offset=offset)
    second, _ = read_until(jobs.Output(output), b"second go\n")
    page = jobs.List(job_service_pb2.ListRequest(labels={"by": "python"}))
    stopped = jobs.Stop(job_service_pb2.StopRequest(name=job.name)).job
    jobs.Remove(job_service_pb2.RemoveRequest(name=job.name))
    unknown = code_of(lambda: jobs.Get(job_service_pb2.GetRequest(name=job.name)))
    refused = code_of(lambda: jobs.Start(job_service_pb2.StartRequest()))
    print(
        json.dumps(
            {
                "once": job.name == again.name,
                "first": first.decode(),
                "second": second.decode(),
                "listed": [each.name == job.name for each in page.jobs],
                "stopped": status_pb2.JobState.Name(stopped.state),
                "unknown": unknown,
                "refused": refused,
            }
        )
    )


main()
