"""The loggers' firmware, the physics around them, and the air between them and the edges."""
