"""Writes the small TIFF files of this folder and expected.json: what tifffile reads in them.

Run with numpy and tifffile (made with numpy 2.0.2, tifffile 2026.3.3); the program and its tests do not
need Python. Pixels are synthetic (CC0).
"""
import hashlib
import json
import pathlib
import re

import numpy as np
import tifffile

HERE = pathlib.Path(__file__).parent
expected = {}


def ramp(shape, dtype='uint8'):
    """Every element different from its neighbours on all axes."""
    index = np.indices(shape).reshape(len(shape), -1)
    value = sum((i + 1) * (7 + 6 * k) for k, i in enumerate(index))
    return value.reshape(shape).astype(dtype)


def digest(array):
    array = np.ascontiguousarray(array)
    return hashlib.sha256(array.astype(array.dtype.newbyteorder('<')).tobytes()).hexdigest()


def note(name, data=None):
    """Records what tifffile reads; checks it against what was written."""
    with tifffile.TiffFile(HERE / name) as tif:
        series = [[s.axes, list(s.shape), str(s.dtype), digest(s.asarray())] for s in tif.series]
    if data is not None:
        assert series[0][3] == digest(data), name
    expected[name] = series


def replace_xml(name, pattern, text):
    """Edits the OME-XML in place; the new text must not be longer."""
    path = HERE / name
    raw = path.read_bytes()
    start = raw.index(b'<?xml')
    end = raw.index(b'\0', start)
    xml = raw[start:end].decode()
    new = re.sub(pattern, text, xml, flags=re.S).encode()
    assert len(new) <= end - start and new != raw[start:end], name
    path.write_bytes(raw[:start] + new + b' ' * (end - start - len(new)) + raw[end:])


# OME: every order of the three axes
for order in ('TCZYX', 'TZCYX', 'CTZYX', 'CZTYX', 'ZTCYX', 'ZCTYX'):
    sizes = {'T': 3, 'C': 2, 'Z': 4, 'Y': 6, 'X': 5}
    data = ramp([sizes[a] for a in order], 'uint16')
    name = f'order_{order[:3].lower()}.ome.tif'
    tifffile.imwrite(HERE / name, data, ome=True, metadata={'axes': order})
    note(name, data)

# OME metadata: units, names, times, two scenes, history; big-endian BigTIFF, deflate, tiles
data = ramp((3, 2, 32, 48), 'uint16')
with tifffile.TiffWriter(HERE / 'metadata.tif', ome=True, bigtiff=True, byteorder='>') as tif:
    tif.write(
        data, compression='zlib', predictor=True, tile=(16, 16),
        metadata={
            'axes': 'TCYX', 'Name': 'first', 'PhysicalSizeX': 65, 'PhysicalSizeXUnit': 'nm',
            'PhysicalSizeY': 0.000065, 'PhysicalSizeYUnit': 'mm', 'PhysicalSizeZ': -1.0,
            'TimeIncrement': 1500.0, 'TimeIncrementUnit': 'ms', 'AcquisitionDate': '2021-03-04T05:06:07',
            'Channel': {'Name': ['Brightfield', 'GFP']},
        })
    tif.write(ramp((5, 16, 24), 'uint8'), metadata={'axes': 'TYX', 'Name': 'second'})
    xml = tif._omexml
note('metadata.tif', data)

# an aborted acquisition: 5 frames announced, 3 written
data = ramp((5, 2, 6, 5))
tifffile.imwrite(HERE / 'whole.ome.tif', data, ome=True, metadata={'axes': 'TCYX'})
tifffile.imwrite(HERE / 'aborted.ome.tif', data[:3], ome=True, metadata={'axes': 'TCYX'})
replace_xml('aborted.ome.tif', 'SizeT="3"', 'SizeT="5"')
note('aborted.ome.tif')
note('whole.ome.tif', data)

# TiffData in reverse: plane t is page 2-t
data = ramp((3, 6, 5))
blocks = ''.join(f'<TiffData FirstT="{t}" IFD="{2 - t}" PlaneCount="1"/>' for t in range(3))
xml = ('<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0" Name="back">'
       '<Pixels DimensionOrder="XYCZT" ID="Pixels:0" Type="uint8" SizeX="5" SizeY="6" SizeC="1" '
       f'SizeZ="1" SizeT="3"><Channel ID="Channel:0:0"/>{blocks}</Pixels></Image>'
       '<StructuredAnnotations><CommentAnnotation ID="Annotation:0" Namespace="VLabApp"><Value>newest '
       'log\nline two</Value></CommentAnnotation><CommentAnnotation ID="Annotation:1" Namespace="else">'
       '<Value>not ours</Value></CommentAnnotation><CommentAnnotation ID="Annotation:2" '
       'Namespace="VLabApp"><Value>Metadata for x</Value></CommentAnnotation></StructuredAnnotations>'
       '</OME>')
tifffile.imwrite(HERE / 'reversed.tif', data[::-1], description=xml.encode(), photometric='minisblack', metadata=None)
note('reversed.tif', data)

# a set of three files, each with the whole XML; and the same set under a companion
uuids = [f'urn:uuid:00000000-0000-0000-0000-00000000000{i}' for i in range(3)]


def set_xml(names, uuid):
    blocks = ''.join(
        f'<TiffData FirstT="{2 * i}" IFD="0" PlaneCount="2"><UUID FileName="{n}">{u}</UUID></TiffData>'
        for i, (n, u) in enumerate(zip(names, uuids)))
    return ('<?xml version="1.0" encoding="UTF-8"?>'
            f'<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" UUID="{uuid}">'
            '<Image ID="Image:0" Name="set"><Pixels DimensionOrder="XYCZT" ID="Pixels:0" Type="uint8" '
            'SizeX="5" SizeY="6" SizeC="1" SizeZ="1" SizeT="6"><Channel ID="Channel:0:0"/>'
            f'{blocks}</Pixels></Image></OME>')


data = ramp((6, 6, 5))
names = [f'set_{i}.ome.tif' for i in range(3)]
for i, name in enumerate(names):
    tifffile.imwrite(HERE / name, data[2 * i:2 * i + 2], photometric='minisblack', metadata=None,
                     description=set_xml(names, uuids[i]).encode())
note('set_1.ome.tif', data)
names = [f'member_{i}.ome.tif' for i in range(3)]
(HERE / 'members.companion.ome').write_text(set_xml(names, 'urn:uuid:companion'))
for i, name in enumerate(names):
    tifffile.imwrite(
        HERE / name, data[2 * i:2 * i + 2], photometric='minisblack', metadata=None,
        description=('<?xml version="1.0"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06" '
                     f'UUID="{uuids[i]}"><BinaryOnly MetadataFile="members.companion.ome" '
                     'UUID="urn:uuid:companion"/></OME>').encode())

# RGB, chunky and planar, in OME and plain
data = ramp((2, 6, 5, 3))
tifffile.imwrite(HERE / 'rgb.ome.tif', data, ome=True, photometric='rgb', metadata={'axes': 'TYXS'})
note('rgb.ome.tif', data)
data = ramp((2, 3, 6, 5))
tifffile.imwrite(HERE / 'rgb_planar.tif', data, photometric='rgb', planarconfig='separate',
                 metadata={'axes': 'TSYX'})
note('rgb_planar.tif', data)

# ImageJ: a hyperstack with sizes and labels; the form with one directory only
data = ramp((3, 2, 2, 6, 5), 'uint16')
labels = [f'{c}\nplane {i}' for i, c in enumerate(['DIC', 'GFP'] * 6)]
tifffile.imwrite(HERE / 'hyperstack.tif', data, imagej=True, resolution=(1 / 0.325, 1 / 0.325),
                 metadata={'axes': 'TZCYX', 'unit': '\\u00B5m', 'spacing': 0.5, 'finterval': 2.5,
                           'Labels': labels})
note('hyperstack.tif', data)
tifffile.imwrite(HERE / 'order_zct.tif', ramp((2, 3, 4, 6, 5)), photometric='minisblack', metadata=None,
                 description='ImageJ=1.53t\nimages=24\nchannels=3\nslices=4\nframes=2\n'
                             'hyperstack=true\norder=zct\nmode=grayscale\n')
note('order_zct.tif', ramp((2, 3, 4, 6, 5)))
raw = (HERE / 'hyperstack.tif').read_bytes()
with tifffile.TiffFile(HERE / 'hyperstack.tif') as tif:
    start = tif.pages[0].dataoffsets[0]
    order = 'big' if tif.byteorder == '>' else 'little'
    first = tif.pages[0].offset
    pointer = first + 2 + 12 * int.from_bytes(raw[first:first + 2], order)
one = bytearray(raw[:start + data.nbytes])
one[pointer:pointer + 4] = bytes(4)
(HERE / 'one_directory.tif').write_bytes(bytes(one))
note('one_directory.tif', data)

# shaped and plain pages
data = ramp((7, 6, 5), 'float32')
tifffile.imwrite(HERE / 'shaped.tif', data)
note('shaped.tif', data)
data = ramp((4, 6, 5, 2))
tifffile.imwrite(HERE / 'scattered.tif', data, photometric='minisblack', metadata={'axes': 'ZYXC'})
note('scattered.tif', data)
data = ramp((4, 6, 5), 'int16')
tifffile.imwrite(HERE / 'pages.tif', data, photometric='minisblack', metadata=None, byteorder='>')
note('pages.tif', data)
with tifffile.TiffWriter(HERE / 'two_sizes.tif') as tif:
    for page in ramp((2, 6, 5)):
        tif.write(page, photometric='minisblack', metadata=None, contiguous=False)
        tif.write(page[:3], photometric='minisblack', metadata=None, contiguous=False)
note('two_sizes.tif')
tifffile.imwrite(HERE / 'float16.tif', ramp((6, 5), 'float16') / 2, photometric='minisblack', metadata=None)
note('float16.tif')
tifffile.imwrite(HERE / 'palette.tif', ramp((6, 5)), metadata=None, photometric='palette',
                 colormap=ramp((3, 256), 'uint16'))
note('palette.tif', ramp((6, 5)))

(HERE / 'expected.json').write_text(json.dumps(expected, indent=1, sort_keys=True) + '\n')
