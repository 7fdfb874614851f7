/* main.js — puts the page together. */
