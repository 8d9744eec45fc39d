"""From reviewed pictures to a better model: data set versions, training, comparison, switching."""
