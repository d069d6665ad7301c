-- Creates the demo's database, empty.
CREATE DATABASE :"database"
