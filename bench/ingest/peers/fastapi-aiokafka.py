"""FastAPI, uvicorn and aiokafka as one writes it with care: a Pydantic model, one idempotent producer, every send awaited.

Arguments: brokers, topic, port, linger in milliseconds.
"""

import asyncio
import os
import sys
from contextlib import asynccontextmanager

import uvicorn
from aiokafka import AIOKafkaProducer
from fastapi import FastAPI
from pydantic import BaseModel

brokers, topic, port, linger_ms = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
parent = os.getppid()
producer: AIOKafkaProducer


class Pin(BaseModel):
    index: int
    unique_id: str
    title: str
    description: str
    poster_name: str | None = None
    follower_count: str
    tag_list: str
    is_image_or_video: str
    image_src: str
    downloaded: int
    save_location: str
    category: str


async def end_with_parent():
    while os.getppid() == parent:
        await asyncio.sleep(0.5)
    os._exit(1)


@asynccontextmanager
async def lifespan(_app: FastAPI):
    global producer
    watching = asyncio.create_task(end_with_parent())
    producer = AIOKafkaProducer(
        bootstrap_servers=brokers, acks="all", enable_idempotence=True, linger_ms=linger_ms
    )
    await producer.start()
    yield
    await producer.stop()
    watching.cancel()


app = FastAPI(lifespan=lifespan)


@app.get("/readyz")
async def readyz():
    return {"status": "ready"}


@app.post("/pin/")
async def post_pin(item: Pin):
    await producer.send_and_wait(
        topic, value=item.model_dump_json().encode(), key=item.unique_id.encode()
    )
    return item


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning", backlog=1024)
