#ifndef SUTURE_H
#define SUTURE_H
#include <stdint.h>
#endif
