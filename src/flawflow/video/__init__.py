"""Video: frames in, an overlay video and a score timeline out. Reading and writing need the extra `video`."""

from flawflow.video.names import VIDEO_SUFFIXES, is_video_name

__all__ = ["VIDEO_SUFFIXES", "is_video_name"]
