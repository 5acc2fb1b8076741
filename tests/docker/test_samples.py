"""Every sample of every language that is built, as a job on the real engine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from orchestrator.images.description import describe_image
from orchestrator.images.sample_runs import run_samples
from orchestrator.images.store import ImageStore, LanguageImages
from orchestrator.jobs.queue.admission import Admission
from orchestrator.jobs.service import JobService
from orchestrator.languages.catalog import Catalog
from orchestrator.languages.registry import folder_ids, load_folder
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings

if TYPE_CHECKING:
    from orchestrator.languages.model import LanguageFolder
    from tests.conftest import Docker

pytestmark = [
    pytest.mark.docker,
    pytest.mark.timeout(600),
    pytest.mark.thorough,
]

# What scripts/test builds: the default four, one language more that has a compiler and one without.
ALWAYS = {"c", "cpp", "java", "python", "bash", "csharp"}


async def service_for(docker: Docker, folder: LanguageFolder, admission: Admission) -> JobService:
    images = (await ImageStore(docker.engine).read()).get(folder.id, LanguageImages(folder.id))
    installed = describe_image(DEFAULT_IMAGES_DIR, folder.id, images.current).languages
    if not installed and folder.id not in ALWAYS:
        pytest.skip("not built; `make test-languages` builds and proves all")
    described = tuple(each.language for each in installed)
    assert described == folder.languages, f"`languages build {folder.id}` comes first"
    return JobService(make_settings(), docker.backend, admission, Catalog(installed))


@pytest.mark.parametrize("language_id", folder_ids(DEFAULT_IMAGES_DIR))
async def test_every_sample_comes_out_as_it_should(docker: Docker, language_id: str) -> None:
    folder = load_folder(DEFAULT_IMAGES_DIR, language_id)
    admission = Admission(slots=1, queue=0, memory_mb=4096)
    service = await service_for(docker, folder, admission)
    results = [each async for each in run_samples(service, admission, folder.samples)]
    await service.drain()
    failed = [
        f"{each.language} {each.sample}: {each.detail}" for each in results if not each.passed
    ]
    assert not failed, "\n".join(failed)
    assert len(results) == len(folder.samples)
