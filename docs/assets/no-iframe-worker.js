// Stands in place of a script that the site generator would fetch from elsewhere so that search works from disk.
// Served (python -m http.server), the site searches; opened from disk it is there to be read, with no search.
