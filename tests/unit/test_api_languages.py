from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.api_support import Client


async def test_anybody_may_ask_which_languages_there_are(client: Client) -> None:
    async with client.get("/languages") as response:
        languages = (await response.json())["languages"]
    assert response.status == 200
    assert [each["id"] for each in languages] == ["c", "cpp", "java", "python"]
    assert languages[3] == {
        "id": "python",
        "name": "PYTHON",
        "version": "17.0.15+6",
        "aliases": ["python3"],
        "dialects": {},
        "extensions": [".python"],
        "compiled": False,
        "limits": {"wall_ms": 5000, "memory_mb": 256, "processes": 64},
    }
    assert languages[1]["compiled"]
