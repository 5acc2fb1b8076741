"""Packed bodies, unpacked a piece at a time and within bounds."""

import gzip
import zlib

import pytest

from orchestrator.api.errors import ApiError
from orchestrator.api.requests.packing import packing, unpack

TEXT = b'{"language": "python"}' * 10_000


def raw(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize("encoding", ["", "identity", " GZIP ", "x-gzip", "deflate"])
async def test_what_was_packed_is_as_before(encoding: str) -> None:
    found = packing(encoding)
    packed = {
        "": [TEXT],
        "gzip": [gzip.compress(TEXT)],
        "deflate": [zlib.compress(TEXT), raw(TEXT)],
    }
    for each in packed[found]:
        assert await unpack(each, found, len(TEXT)) == TEXT


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "\udcff"])
def test_another_packing_is_refused(encoding: str) -> None:
    with pytest.raises(ApiError) as refused:
        packing(encoding)
    assert refused.value.status == 415
    assert "Content-Encoding" in str(refused.value)


@pytest.mark.parametrize("packed_as", ["gzip", "deflate"])
async def test_no_more_is_made_than_is_allowed(packed_as: str) -> None:
    data = bytes(50_000_000)
    packed = gzip.compress(data) if packed_as == "gzip" else zlib.compress(data)
    with pytest.raises(ApiError) as refused:
        await unpack(packed, packed_as, 1_000_000)
    assert refused.value.status == 413


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"x", b"not packed", gzip.compress(TEXT)[:-5], gzip.compress(TEXT) + b"x"),
        *(gzip.compress(b"{") + gzip.compress(b"}"), gzip.compress(TEXT)[:-4] + bytes(4)),
    ],
    ids=map(str, range(7)),  # not their bytes, which have the time in them
)
async def test_what_is_broken_cut_short_or_goes_on_is_refused(data: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        await unpack(data, "gzip", 1_000_000)
    assert refused.value.status == 400
