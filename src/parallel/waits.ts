/** How long the processes of a job wait for each other's last words, in ms. */

/** In this time a launcher reads what was printed before an end. */
export const timeToRead = 500;

/** In this time the first process may say what the others would say, too, and end them. */
export const timeToSpeak = timeToRead + 1000;
