"""Pictures with texts as the web UI writes them (piexif in a JPEG) and as another writer may (little-endian, in a WebP)."""

import io
import pathlib
import struct

import piexif
import piexif.helper
from PIL import Image

out = pathlib.Path(__file__).parent.parent / "golden" / "formats"
out.mkdir(exist_ok=True)
image = Image.new("RGB", (1, 1), (200, 30, 30))

comment = piexif.helper.UserComment.dump("a dog\nSteps: 4", encoding="unicode")
exif = piexif.dump({"Exif": {piexif.ExifIFD.UserComment: comment}})
buffer = io.BytesIO()
image.save(buffer, "JPEG")
piexif.insert(exif, buffer.getvalue(), str(out / "piexif.jpg"))

value = b"UNICODE\0" + "ein Hund, 红".encode("utf-16-le")
inner = struct.pack("<HHHIII", 1, 0x9286, 7, len(value), 44, 0) + value
tiff = b"II*\0" + struct.pack("<I", 8) + struct.pack("<HHHIII", 1, 0x8769, 4, 1, 26, 0) + inner
image.save(out / "little_endian.webp", exif=tiff)
