"""Decide on stories in RQ jobs, by any number of workers on one index.

    export DEDUP_STORE=sqlite:///stories.db NEW_QUEUE=new NEW_JOB=publish.story
    rq worker --worker-class rq.SimpleWorker --serializer json --path data/recipes --url redis://host stories

Needs rq. Whoever has stories enqueues them, a few hundred a job, and lets a job that was lost be tried again:

    Queue("stories", connection=redis, serializer=JSONSerializer).enqueue(
        "decide_jobs.decide", stories, retry=Retry(max=3)
    )

The job's result is what was decided on each. What is new is handed on as a job NEW_JOB(story) in NEW_QUEUE.
SimpleWorker keeps the index open from job to job, where the usual worker forks for each. A job that a worker died over
is run again and its stories get the decisions they got; what had been handed on is not again while RQ remembers it.
"""

import contextlib
import functools
import os

from rq import Queue, get_current_job
from rq.exceptions import DuplicateJobError

from dedup import StoryIndex


@functools.cache
def index():
    """The index of this worker, opened by its first job."""
    return StoryIndex.open(os.environ["DEDUP_STORE"])


def decide(stories):
    """Decide on some stories, hand on what is new, and tell all decisions."""
    decisions = index().add_many(stories)
    job = get_current_job()
    new = Queue(os.environ["NEW_QUEUE"], connection=job.connection, serializer=job.serializer)
    for story, decision in zip(stories, decisions, strict=True):
        if decision.is_new:
            with contextlib.suppress(DuplicateJobError):
                name = f"{os.environ['NEW_QUEUE']}-{decision.position}"
                new.enqueue(os.environ["NEW_JOB"], story, job_id=name, unique=True)
    return [decision.to_dict() for decision in decisions]
