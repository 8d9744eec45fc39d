"""Where pictures come from by themselves: watched folders, cameras, streams and video files."""
